"""What queues carry."""

from typing import Annotated, Any, Final

from pydantic import Field

from shared.platform.model import Input

# A top-level property with such a name, in whatever case, takes the place of what the Functions
# host's trigger says of the message; a time that does not parse makes it poison without a call.
RESERVED: Final = {
    *("id", "dequeuecount", "popreceipt", "queuetrigger", "sys"),
    *("insertiontime", "expirationtime", "nextvisibletime"),
}


class QueueMessage(Input):
    """A message; one with a property that the Functions host takes for its own cannot be defined.

    ``traceparent`` says which request it comes from.
    """

    traceparent: Annotated[str | None, Field(max_length=128)] = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuses a class with a reserved property."""
        fields: dict[str, Any] = {**cls.model_fields, **cls.model_computed_fields}
        aliases = {field.alias for field in fields.values()}
        aliases |= {field.serialization_alias for field in cls.model_fields.values()}
        names = {name for name in {*fields, *aliases} if name}
        if reserved := {name for name in names if name.lower() in RESERVED}:
            raise TypeError(f"{cls.__name__} has what the host takes for its own: {reserved}")
