"""The route constraints of ASP.NET Core that Functions routes may use."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Final

Check = Callable[[str], bool]

_INT32: Final = 2**31
_INT64: Final = 2**63


def _parses(parse: Callable[[str], object]) -> Check:
    def check(value: str) -> bool:
        try:
            parse(value)
        except ValueError:
            return False
        return True

    return check


def _whole_number(bound: int) -> Check:
    def check(value: str) -> bool:
        return bool(re.fullmatch(r"[+-]?\d+", value, re.ASCII)) and -bound <= int(value) < bound

    return check


_PLAIN: Final[dict[str, Check]] = {
    "int": _whole_number(_INT32),
    "long": _whole_number(_INT64),
    "bool": lambda value: value.lower() in ("true", "false"),
    "datetime": _parses(dt.datetime.fromisoformat),
    "decimal": lambda value: bool(re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", value)),
    "double": _parses(float),
    "float": _parses(float),
    "guid": _parses(uuid.UUID),
    "alpha": lambda value: bool(re.fullmatch(r"[a-zA-Z]*", value)),
    "required": bool,
}


def _length(minimum: str, maximum: str | None = None) -> Check:
    lowest, highest = int(minimum), int(maximum if maximum is not None else minimum)
    return lambda value: lowest <= len(value) <= highest


def _range(minimum: str, maximum: str) -> Check:
    lowest, highest = int(minimum), int(maximum)
    return lambda value: _PLAIN["long"](value) and lowest <= int(value) <= highest


def _regex(expression: str) -> Check:
    pattern = re.compile(expression.replace("{{", "{").replace("}}", "}"), re.IGNORECASE)
    return lambda value: pattern.search(value) is not None


def parse_constraint(text: str) -> Check:
    """The check for one constraint such as `int` or `min(1)`; ValueError if unknown."""
    if text in _PLAIN:
        return _PLAIN[text]
    name, opening, argument = text.partition("(")
    if not opening or not argument.endswith(")"):
        raise ValueError(f"has the unknown constraint {text!r}")
    argument = argument[:-1]
    if name == "regex":
        return _regex(argument)
    numbers = [part.strip() for part in argument.split(",")]
    makers: dict[str, Callable[[], Check]] = {
        "min": lambda: _range(numbers[0], str(_INT64 - 1)),
        "max": lambda: _range(str(-_INT64), numbers[0]),
        "range": lambda: _range(*numbers),
        "length": lambda: _length(*numbers),
        "minlength": lambda: _length(numbers[0], str(_INT64)),
        "maxlength": lambda: _length("0", numbers[0]),
    }
    if name not in makers:
        raise ValueError(f"has the unknown constraint {text!r}")
    try:
        return makers[name]()
    except (TypeError, ValueError):
        raise ValueError(f"has the malformed constraint {text!r}") from None
