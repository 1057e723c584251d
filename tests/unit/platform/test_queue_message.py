"""No message of ours has a property that the Functions host takes for its own."""

from typing import Annotated

import pytest
from pydantic import Field, computed_field

from shared.platform.data.queue_message import RESERVED, QueueMessage


@pytest.mark.parametrize("name", sorted({*RESERVED, "Id", "dequeueCount"}))
def test_a_reserved_property_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        type("Overriding", (QueueMessage,), {"__annotations__": {name: int}})


def test_it_is_refused_under_another_name_too() -> None:
    with pytest.raises(TypeError, match="dequeueCount"):

        class Aliased(QueueMessage):
            count: Annotated[int, Field(serialization_alias="dequeueCount")]

    with pytest.raises(TypeError, match="Sys"):

        class Computed(QueueMessage):
            @computed_field(alias="Sys")
            def system(self) -> int:
                return 1


def test_other_names_are_taken() -> None:
    class Named(QueueMessage):
        user_id: int

    assert Named(user_id=1).model_dump(exclude_none=True) == {"user_id": 1}
