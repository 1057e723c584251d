"""The side effects that need no domain, by what their rows carry."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from shared.platform.data.queue_message import QueueMessage
from shared.platform.model import Model


class Effect(Model):
    """A side effect that follows a commit; its fields are its row's payload."""

    kind: ClassVar[str]
    # Without a durable client nothing of this kind is sent.
    needs_client: ClassVar[bool] = False

    def of_trace(self, traceparent: str) -> Self:
        """The same for a receiver that can say which request it comes from."""
        return self


class SendMessage(Effect):
    """A message for a queue."""

    kind = "queue_message"

    queue: str
    message: dict[str, Any]

    @classmethod
    def to(cls, queue: str, message: QueueMessage) -> Self:
        """``message`` as the queue carries it."""
        return cls(queue=queue, message=message.model_dump(mode="json", exclude_none=True))

    def of_trace(self, traceparent: str) -> Self:
        """The message says which request it comes from."""
        return self.model_copy(update={"message": {**self.message, "traceparent": traceparent}})


class StartOrchestration(Effect):
    """A new instance of an orchestration, unless there is one of that id."""

    kind = "start_orchestration"
    needs_client = True

    name: str
    instance_id: str
    input: dict[str, Any]

    def of_trace(self, traceparent: str) -> Self:
        """The input says which request it comes from."""
        return self.model_copy(update={"input": {**self.input, "traceparent": traceparent}})


class DeleteBlobs(Effect):
    """Blobs to delete, save those that were written again since; by name, or all with a prefix."""

    kind = "delete_blobs"

    names: Sequence[str] = ()
    prefixes: Sequence[str] = ()
