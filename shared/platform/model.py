"""Models of what goes in and out, whose validators are built when first needed."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

# An address to fetch or to show.
WebAddress = Annotated[
    str, StringConstraints(max_length=4000, pattern=r"^https?://[^\s\x00-\x20]+$")
]


class Model(BaseModel):
    """Anything with checked fields; building all of them at once would slow a cold start."""

    model_config = ConfigDict(defer_build=True)


class Input(Model):
    """Something the API or a queue is given: a field that is not asked for is refused."""

    model_config = ConfigDict(extra="forbid")


def _visible(text: str) -> str:
    if all(unicodedata.category(character)[0] in "CZ" for character in text):
        raise ValueError("must have a visible character")
    return text


# Text for people: zero-width spaces and the like alone are none.
VisibleText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_visible)
]
