"""Values as .NET and its JSON library write them."""

import datetime as dt
import json
import math
import re
from decimal import Decimal
from typing import Any, Final

_MOMENT: Final = re.compile(
    r"(?P<local>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,7})?"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_TICKS: Final = 10_000_000  # in a second


def text_of(value: Any) -> str:
    """The value as .NET's ToString writes it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value)
        case float() if not math.isfinite(value):
            return repr(value).replace("nan", "NaN").replace("inf", "Infinity")
        case float() if abs(value) >= 1e15:
            return format(Decimal(repr(value)), "E")
        case float():
            return repr(value).removesuffix(".0").replace("e", "E")
        case list():
            return "System.Collections.Generic.List`1[System.Object]"
        case dict():
            return "System.Dynamic.ExpandoObject"
    return str(value)


def token_text(value: Any) -> str:
    """A JSON value as text: objects and arrays indented, moments as .NET writes its own."""
    if isinstance(value, dict | list):
        return json.dumps(value, indent=2, ensure_ascii=False)
    return _moment(value) if isinstance(value, str) else text_of(value)


def compact(value: Any) -> str:
    """JSON on one line, without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def utf8(text: str) -> bytes:
    """The text in UTF-8; half a surrogate pair, which JSON can spell, is U+FFFD there."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def looks_like_json(text: str) -> bool:
    """Whether the real host takes the text for JSON, sound or not."""
    text = text.strip()
    return (text[:1], text[-1:]) in (("{", "}"), ("[", "]"))


def offset_time(moment: dt.datetime) -> str:
    """The moment with its offset, its fraction as short as it can be."""
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    whole = moment.replace(microsecond=0).isoformat()
    return f"{whole[:19]}{fraction}{whole[19:]}"


def time_span(period: dt.timedelta) -> str:
    """The period as TimeSpan.ToString writes it."""
    length = abs(period)
    minutes, seconds = divmod(length.seconds, 60)
    days = f"{length.days}." if length.days else ""
    ticks = f".{length.microseconds * _TICKS // 1_000_000:07d}" if length.microseconds else ""
    sign = "-" if period < dt.timedelta(0) else ""
    return f"{sign}{days}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{ticks}"


def _moment(text: str) -> str:
    """The JSON library reads a text such as 2024-01-02T03:04:05Z as a moment; others stay."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return text
    try:
        moment = dt.datetime.fromisoformat(match["local"] + (match["zone"] or ""))
    except ValueError:
        return text
    if match["zone"] not in (None, "Z"):
        moment = moment.astimezone()
    return moment.strftime("%m/%d/%Y %H:%M:%S")
