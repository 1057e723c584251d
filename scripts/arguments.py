"""Values of a command line."""

import argparse
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T", int, float)


def number(kind: type[T], least: float, most: float = 1e9) -> Callable[[str], T]:
    """What reads a number of the kind, and refuses one that is not between these two."""

    def read(text: str) -> T:
        value = kind(text)
        if not least <= value <= most:  # nan is not either
            raise argparse.ArgumentTypeError(f"{text} is not between {least:g} and {most:g}")
        return value

    read.__name__ = kind.__name__  # as argparse names it
    return read


COUNT: Final = number(int, 1)
AMOUNT: Final = number(float, 0)  # of seconds, most often
