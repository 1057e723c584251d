"""What this app asks of the durable engine."""

from typing import Any, Protocol


class OrchestrationClient(Protocol):
    """The part of the durable client that we use."""

    async def get_status(self, instance_id: str) -> Any:
        """The status of an instance; falsy when there is none."""

    async def start_new(
        self,
        orchestration_function_name: str,
        instance_id: str | None = None,
        client_input: Any | None = None,
    ) -> str:
        """Starts an instance."""
