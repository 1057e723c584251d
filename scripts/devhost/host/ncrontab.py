"""NCRONTAB schedules and TimeSpan schedules of timer triggers."""

import calendar
import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from scripts.devhost.host.dotnet import time_span
from scripts.devhost.host.host_options import MAX_TIME_SPAN, parse_time_span

_MONTHS: Final = [name.lower() for name in calendar.month_name][1:]
_DAYS: Final = ["sunday", *(name.lower() for name in calendar.day_name[:-1])]
_FIELDS: Final = (
    (0, 59, ()),
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
_MAX_INTEGER: Final = 2**31 - 1
_CYCLE_YEARS: Final = 400  # after which the calendar repeats, week days included
_MINUTE: Final = dt.timedelta(minutes=1)
_END_OF_TIME: Final = dt.datetime.max.replace(tzinfo=dt.UTC)


class Schedule(Protocol):
    """When a timer runs; its text is how the real host shows it as read."""

    @property
    def adjusts_for_dst(self) -> bool:
        """Whether it follows the wall clock."""

    @property
    def is_frequent(self) -> bool:
        """Whether it runs so often that its monitor is switched off."""

    def next_after(self, moment: dt.datetime) -> dt.datetime:
        """The first occurrence strictly after the moment, in the same time zone."""


@dataclass(frozen=True)
class Interval:
    """Every so often, counted from the last run."""

    period: dt.timedelta
    adjusts_for_dst = False

    @property
    def is_frequent(self) -> bool:
        """Whether it runs more than once a minute."""
        return self.period < _MINUTE

    def next_after(self, moment: dt.datetime) -> dt.datetime:
        """The moment plus the period."""
        try:
            return moment + self.period
        except OverflowError:
            return _END_OF_TIME

    def __str__(self) -> str:
        return f"Constant: {time_span(self.period)}"


@dataclass(frozen=True)
class Crontab:
    """Seconds, minutes, hours, days, months, week days; day and week day must both match."""

    fields: tuple[frozenset[int], ...]
    has_seconds: bool = True
    adjusts_for_dst = True

    @property
    def is_frequent(self) -> bool:
        """Whether it runs every minute, and more than once."""
        seconds, *others = self.fields
        return len(seconds) > 1 and all(map(_is_full, others, _FIELDS[1:]))

    def next_after(self, moment: dt.datetime) -> dt.datetime:
        """The first matching second after the moment; the end of time if there is none."""
        at = moment.replace(microsecond=0) + dt.timedelta(seconds=1)
        last_year = min(moment.year + _CYCLE_YEARS, dt.MAXYEAR - 1)
        while at.year <= last_year:
            later = self._step(at)
            if later is None:
                return at
            at = later
        return _END_OF_TIME

    def _step(self, at: dt.datetime) -> dt.datetime | None:
        """The start of the next unit that could match; None if `at` matches."""
        seconds, minutes, hours, days, months, week_days = self.fields
        midnight = at.replace(hour=0, minute=0, second=0)
        if at.month not in months:
            return midnight.replace(day=1) + dt.timedelta(
                days=calendar.monthrange(at.year, at.month)[1]
            )
        if at.day not in days or at.isoweekday() % 7 not in week_days:
            return midnight + dt.timedelta(days=1)
        if at.hour not in hours:
            return at.replace(minute=0, second=0) + dt.timedelta(hours=1)
        if at.minute not in minutes:
            return at.replace(second=0) + dt.timedelta(minutes=1)
        if at.second not in seconds:
            return at + dt.timedelta(seconds=1)
        return None

    def __str__(self) -> str:
        shown = list(map(_show_field, self.fields, _FIELDS))
        return f"Cron: '{' '.join(shown if self.has_seconds else shown[1:])}'"


def parse_schedule(text: str) -> Schedule:
    """The schedule for a timer trigger's text.

    ValueError if it is none, OverflowError if a number in it is too large for the real host.
    """
    fields = [field for field in text.split(" ") if field]
    if len(fields) not in (5, 6):
        seconds = parse_time_span(text)
        if abs(seconds) > MAX_TIME_SPAN:
            raise ValueError(f"{text!r} is longer than a time span can be")
        return Interval(dt.timedelta(seconds=seconds))
    has_seconds = len(fields) == 6
    if not has_seconds:
        fields.insert(0, "0")
    values = [_parse_field(field, *form) for field, form in zip(fields, _FIELDS, strict=True)]
    return Crontab(tuple(values), has_seconds)


def _parse_field(text: str, lowest: int, highest: int, names: Sequence[str]) -> frozenset[int]:
    values: set[int] = set()
    for item in text.split(","):
        values.update(_parse_item(item, lowest, highest, names))
    return frozenset(values)


def _parse_item(text: str, lowest: int, highest: int, names: Sequence[str]) -> Iterable[int]:
    """One value, a range (in either order) or *, each with a step if one follows."""
    text, slash, step = text.partition("/")
    every = max(1, _integer(step)) if slash else 1
    if text == "*":
        return range(lowest, highest + 1, every)
    first, dash, last = text.partition("-")
    start = _value(first, lowest, names)
    end = _value(last, lowest, names) if dash else highest if slash else start
    start, end = min(start, end), max(start, end)
    if start < lowest or end > highest:
        raise ValueError(f"{text!r} is not between {lowest} and {highest}")
    return range(start, end + 1, every)


def _value(text: str, lowest: int, names: Sequence[str]) -> int:
    if text[:1].isdecimal():
        return _integer(text)
    if not text:
        raise ValueError("a value is missing")
    for number, name in enumerate(names):
        if name.startswith(text.lower()):
            return lowest + number
    raise ValueError(f"{text!r} is not a value")


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{text!r} is not a number")
    if abs(int(text)) > _MAX_INTEGER:
        raise OverflowError("Value was either too large or too small for an Int32.")
    return int(text)


def _is_full(values: frozenset[int], form: tuple[int, int, Sequence[str]]) -> bool:
    lowest, highest, _ = form
    return len(values) == highest - lowest + 1


def _show_field(values: frozenset[int], form: tuple[int, int, Sequence[str]]) -> str:
    """The values in order, those that follow each other as a range."""
    if _is_full(values, form):
        return "*"
    ranges: list[list[int]] = []
    for value in sorted(values):
        if ranges and value == ranges[-1][-1] + 1:
            ranges[-1].append(value)
        else:
            ranges.append([value])
    return ",".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in ranges)
