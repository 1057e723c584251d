"""What this app asks of the durable engine."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, Protocol


class EndedStatus(StrEnum):
    """The runtime status of an instance that has ended, as the engine names it."""

    COMPLETED = "Completed"
    FAILED = "Failed"
    TERMINATED = "Terminated"


DEAD: Final = (EndedStatus.FAILED, EndedStatus.TERMINATED)


class OrchestrationStarter(Protocol):
    """What starting instances takes of the durable client."""

    async def get_status(self, instance_id: str) -> Any:
        """The status of an instance; falsy when there is none."""

    async def start_new(
        self,
        orchestration_function_name: str,
        instance_id: str | None = None,
        client_input: Any | None = None,
    ) -> str:
        """Starts an instance."""


class OrchestrationClient(OrchestrationStarter, Protocol):
    """The part of the durable client that we use."""

    async def get_status_by(
        self, *, runtime_status: Sequence[EndedStatus], instance_id_prefix: str
    ) -> Sequence[Any]:
        """The first hundred instances of these statuses."""

    async def terminate(self, instance_id: str, reason: str) -> None:
        """Ends an instance from outside, soon."""

    async def purge_instance_history(self, instance_id: str) -> Any:
        """Forgets an instance that has ended."""
