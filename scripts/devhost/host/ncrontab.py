"""NCRONTAB schedules and TimeSpan schedules of timer triggers."""

import calendar
import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from scripts.devhost.host.host_options import parse_time_span

_MONTHS: Final = [name.lower() for name in calendar.month_name][1:]
_DAYS: Final = ["sunday", *(name.lower() for name in calendar.day_name[:-1])]
_FIELDS: Final = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)
_ITEM: Final = re.compile(r"(\*|[A-Za-z]+|\d+)(?:-([A-Za-z]+|\d+))?(?:/(\d+))?")
_SEARCH_YEARS: Final = 9  # the 29th of February may be eight years away


class Schedule(Protocol):
    """When a timer runs."""

    def next_after(self, moment: dt.datetime) -> dt.datetime:
        """The first occurrence strictly after the moment, in the same time zone."""


@dataclass(frozen=True)
class Interval:
    """Every so often, counted from the last run."""

    period: dt.timedelta

    def next_after(self, moment: dt.datetime) -> dt.datetime:
        """The moment plus the period."""
        return moment + self.period


@dataclass(frozen=True)
class Crontab:
    """Seconds, minutes, hours, days, months, week days; day and week day must both match."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    week_days: frozenset[int]

    def next_after(self, moment: dt.datetime) -> dt.datetime:
        """The first matching second after the moment; ValueError if there is none."""
        at = moment.replace(microsecond=0) + dt.timedelta(seconds=1)
        last_year = moment.year + _SEARCH_YEARS
        while at.year <= last_year:
            later = self._step(at)
            if later is None:
                return at
            at = later
        raise ValueError("never occurs")

    def _step(self, at: dt.datetime) -> dt.datetime | None:
        """The start of the next unit that could match; None if `at` matches."""
        midnight = at.replace(hour=0, minute=0, second=0)
        if at.month not in self.months:
            return midnight.replace(day=1) + dt.timedelta(
                days=calendar.monthrange(at.year, at.month)[1]
            )
        if at.day not in self.days or at.isoweekday() % 7 not in self.week_days:
            return midnight + dt.timedelta(days=1)
        if at.hour not in self.hours:
            return at.replace(minute=0, second=0) + dt.timedelta(hours=1)
        if at.minute not in self.minutes:
            return at.replace(second=0) + dt.timedelta(minutes=1)
        if at.second not in self.seconds:
            return at + dt.timedelta(seconds=1)
        return None


def parse_schedule(text: str) -> Schedule:
    """The schedule for a timer trigger's text; ValueError says what is wrong with it."""
    fields = text.split()
    if len(fields) == 1:
        period = dt.timedelta(seconds=parse_time_span(text))
        if not period:
            raise ValueError("has no length")
        return Interval(period)
    if len(fields) == 5:
        fields.insert(0, "0")
    if len(fields) != 6:
        raise ValueError(f"has {len(fields)} fields instead of 5 or 6")
    values = [_parse_field(field, *form) for field, form in zip(fields, _FIELDS, strict=True)]
    return Crontab(*values)


def _parse_field(
    text: str, what: str, lowest: int, highest: int, names: Sequence[str]
) -> frozenset[int]:
    values: set[int] = set()
    for item in text.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ValueError(f"has the invalid {what} {item!r}")
        first, last, step = match.groups()
        if first == "*":
            if last is not None:
                raise ValueError(f"has the invalid {what} {item!r}")
            start, end = lowest, highest
        else:
            start = _number(first, lowest, names)
            alone = start if step is None else highest
            end = alone if last is None else _number(last, lowest, names)
        if not lowest <= start <= end <= highest or step == "0":
            raise ValueError(f"has the invalid {what} {item!r}")
        values.update(range(start, end + 1, int(step or 1)))
    return frozenset(values)


def _number(text: str, lowest: int, names: Sequence[str]) -> int:
    if text.isdecimal():
        return int(text)
    found = [number for number, name in enumerate(names) if name.startswith(text.lower())]
    if len(found) != 1:
        raise ValueError(f"has the unknown name {text!r}")
    return lowest + found[0]
