"""What this app asks of the durable engine, and what the host that runs it leaves for it."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final, Protocol

FUNCTION_TIMEOUT_SECONDS: Final = 660  # host.json's functionTimeout, held against it by a test


class RuntimeStatus(Enum):
    """The statuses of instances that have ended, as the engine writes them."""

    COMPLETED = "Completed"
    FAILED = "Failed"
    TERMINATED = "Terminated"


class OrchestrationClient(Protocol):
    """The part of the durable client that starts instances."""

    async def get_status(self, instance_id: str) -> Any:
        """The status of an instance; falsy when there is none."""

    async def start_new(
        self,
        orchestration_function_name: str,
        instance_id: str | None = None,
        client_input: Any | None = None,
    ) -> str:
        """Starts an instance."""


class InstanceClient(OrchestrationClient, Protocol):
    """The part of the durable client that looks after them, too."""

    async def get_status_by(
        self,
        *,
        runtime_status: Sequence[RuntimeStatus],
        instance_id_prefix: str,
    ) -> Sequence[Any]:
        """The statuses of such instances: the first hundred, for Python reads no further page."""

    async def terminate(self, instance_id: str, reason: str) -> None:
        """Asks a running instance to end; it does so a little later."""

    async def purge_instance_history(self, instance_id: str) -> Any:
        """Forgets an instance that has ended."""

    async def purge_instance_history_by(
        self,
        created_time_from: datetime,
        created_time_to: datetime,
        runtime_status: Sequence[RuntimeStatus],
    ) -> Any:
        """Forgets instances that have ended, and were started between these times."""
