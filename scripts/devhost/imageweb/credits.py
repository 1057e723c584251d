"""Who made a picture and what one may do with it: invented, but in the forms of the real web."""

import random
from typing import Final, NamedTuple


class Licence(NamedTuple):
    """A licence as Openverse and Wikimedia Commons name it."""

    code: str
    version: str
    name: str
    url: str


_CC: Final = "https://creativecommons.org"
LICENCES: Final = (
    Licence("cc0", "1.0", "CC0", f"{_CC}/publicdomain/zero/1.0/"),
    Licence("pdm", "1.0", "Public domain", f"{_CC}/publicdomain/mark/1.0/"),
    Licence("by", "2.0", "CC BY 2.0", f"{_CC}/licenses/by/2.0/"),
    Licence("by", "4.0", "CC BY 4.0", f"{_CC}/licenses/by/4.0/"),
    Licence("by-sa", "3.0", "CC BY-SA 3.0", f"{_CC}/licenses/by-sa/3.0/"),
    Licence("by-sa", "4.0", "CC BY-SA 4.0", f"{_CC}/licenses/by-sa/4.0/"),
)
_FIRST: Final = ("Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Femi", "Grete", "Hana", "Ivo", "Juno")
_LAST: Final = ("Adeyemi", "Bergström", "Castell", "Dvořák", "Eriksen", "Fournier", "Nakamura")


def licence(chance: random.Random) -> int:
    """The index of a licence."""
    return chance.randrange(len(LICENCES))


def creator(chance: random.Random) -> str:
    """A name that nobody has."""
    return f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"
