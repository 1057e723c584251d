"""The route constraints of ASP.NET Core that Functions routes may use."""

import re
from calendar import monthrange
from collections.abc import Callable
from typing import Final

Check = Callable[[str], bool]

_INT32: Final = 2**31
_INT64: Final = 2**63
_SPACES: Final = " \t\n\v\f\r"

_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
_DECIMAL: Final = re.compile(r"[+-]?([0-9][0-9,]*\.?[0-9]*|\.[0-9]+)[+-]?")
_FLOAT: Final = re.compile(
    r"[+-]?([0-9][0-9,]*\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|-?(infinity|∞)|nan", re.IGNORECASE
)
_GUID: Final = re.compile(
    r"[0-9a-f]{32}|(\{)?(\()?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?(1)\})(?(2)\))",
    re.IGNORECASE,
)
_MONTHS: Final = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MONTH: Final = rf"(?:{_MONTHS})[a-z]*"
_DAY: Final = r"(?:0?[1-9]|[12][0-9]|3[01])"
_NUMBER: Final = r"(?:0?[1-9]|1[0-2])"
_TIME: Final = (
    r"(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9](?::[0-5]?[0-9](?:\.[0-9]{1,7})?)?"
    r"(?:\ ?[ap]m)?(?:\ ?(?:z|gmt|[+-][0-9]{1,2}(?::?[0-9]{2})?))?"
)
_DATE: Final = (
    rf"(?:[0-9]{{4}}[-/. ]{_NUMBER}[-/. ]{_DAY}"
    rf"|{_NUMBER}[-/. ]{_DAY}(?:[-/. ](?:[0-9]{{2}}|[0-9]{{4}}))?"
    rf"|[0-9]{{4}}[-/]{_NUMBER}"
    rf"|{_DAY}[- ]?{_MONTH}(?:[- ,]+[0-9]{{2,4}})?|{_MONTH}[- ]?{_DAY}(?:[-, ]+[0-9]{{4}})?)"
)
_MOMENT: Final = re.compile(rf"{_DATE}(?:[t ]+{_TIME})?|{_TIME}", re.IGNORECASE)
_DAYS: Final = re.compile(r"([0-9]{4})[-/. ]([0-9]{1,2})[-/. ]([0-9]{1,2})")


class ConstraintError(ValueError):
    """A constraint that cannot be made; the text is ASP.NET Core's."""


def _whole_number(bound: int) -> Check:
    def check(value: str) -> bool:
        number = value.strip(_SPACES).rstrip("\0")
        return bool(_WHOLE.fullmatch(number)) and -bound <= int(number) < bound

    return check


def _is_datetime(value: str) -> bool:
    text = value.strip(_SPACES)
    if not _MOMENT.fullmatch(text):
        return False
    found = _DAYS.match(text)
    return found is None or int(found[3]) <= monthrange(int(found[1]), int(found[2]))[1]


def _is_file_name(value: str) -> bool:
    """Whether the last part of a path has a name with an ending: `a.b`, `.b`, not `a.`."""
    name = value.rpartition("/")[2]
    dot = name.find(".")
    return dot >= 0 and any(character != "." for character in name[dot + 1 :])


_PLAIN: Final[dict[str, Check]] = {
    "int": _whole_number(_INT32),
    "long": _whole_number(_INT64),
    "bool": lambda value: value.strip(_SPACES + "\0").lower() in ("true", "false"),
    "datetime": _is_datetime,
    "decimal": lambda value: bool(_DECIMAL.fullmatch(value.strip(_SPACES))),
    "double": lambda value: bool(_FLOAT.fullmatch(value.strip(_SPACES))),
    "float": lambda value: bool(_FLOAT.fullmatch(value.strip(_SPACES))),
    "guid": lambda value: bool(_GUID.fullmatch(value.strip(_SPACES))),
    "alpha": lambda value: bool(re.fullmatch(r"[a-zA-Z]*", value)),
    "required": bool,
    "file": _is_file_name,
    "nonfile": lambda value: not _is_file_name(value),
}
_CLASSES: Final = {
    "datetime": "DateTime",
    "minlength": "MinLength",
    "maxlength": "MaxLength",
    "file": "FileName",
    "nonfile": "NonFileName",
    "regex": "RegexInline",
}


def _size(value: str) -> int:
    """The length as .NET counts it, in UTF-16 units."""
    return len(value.encode("utf-16-le")) // 2


def _length(minimum: int, maximum: int | None = None) -> Check:
    highest = minimum if maximum is None else maximum
    if not 0 <= minimum <= highest:
        raise ValueError("a length that cannot be")
    return lambda value: minimum <= _size(value) <= highest


def _range(minimum: int, maximum: int) -> Check:
    if minimum > maximum:
        raise ValueError("a range that cannot be")
    return lambda value: _PLAIN["long"](value) and minimum <= int(value.rstrip("\0")) <= maximum


def _regex(expression: str) -> Check:
    """Compiled when it is first needed, as there: a request meets what does not compile."""
    expression = re.sub(r"\(\?<(?![=!])", "(?P<", expression)
    return lambda value: re.search(expression, value, re.IGNORECASE) is not None


_MAKERS: Final[dict[str, tuple[tuple[int, ...], Callable[..., Check]]]] = {
    "min": ((1,), lambda least: _range(least, _INT64)),
    "max": ((1,), lambda most: _range(-_INT64, most)),
    "range": ((2,), _range),
    "length": ((1, 2), _length),
    "minlength": ((1,), lambda least: _length(least, _INT64)),
    "maxlength": ((1,), lambda most: _length(0, most)),
}


def parse_constraint(text: str) -> Check | None:
    """The check for one constraint such as `int` or `min(1)`; None where no such one exists."""
    name, opening, argument = text.partition("(")
    if not (opening and argument.endswith(")")):
        name, arguments = text, []
    else:
        arguments = [argument[:-1]]
    name = name.lower()
    if name == "regex" and arguments:
        return _regex(arguments[0])
    if name not in _PLAIN and name not in _MAKERS and name != "regex":
        return None
    class_name = f"{_CLASSES.get(name, name.capitalize())}RouteConstraint"
    counts, make = _MAKERS.get(name, ((0,), lambda: _PLAIN[name]))
    if counts != (1,) and arguments:
        arguments = arguments[0].split(",")
    if len(arguments) not in counts or name == "regex":
        raise ConstraintError(
            f"Could not find a constructor for constraint type '{class_name}' with the following "
            f"number of parameters: {len(arguments)}."
        )
    try:
        return make(*map(int, arguments))
    except ValueError:
        raise ConstraintError(
            f"An error occurred while trying to create an instance of '{class_name}'."
        ) from None
