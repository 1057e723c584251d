"""NCRONTAB, rule by rule, and against croniter where both mean the same."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from scripts.devhost.host.ncrontab import Crontab, parse_schedule

START = dt.datetime(2024, 1, 1, 12, 0, 0, tzinfo=dt.UTC)  # a Monday


@pytest.mark.parametrize(
    ("schedule", "following"),
    [
        ("*/5 * * * * *", "2024-01-01T12:00:05"),
        ("0 */5 * * * *", "2024-01-01T12:05:00"),
        ("*/5 * * * *", "2024-01-01T12:05:00"),  # five fields: at second 0
        ("0 10/20 * * * *", "2024-01-01T12:10:00"),  # from 10 to 59
        ("0 0 9-17/4 * * *", "2024-01-01T13:00:00"),
        ("0 0 0 * * Sun", "2024-01-07T00:00:00"),
        ("0 0 0 * * 0", "2024-01-07T00:00:00"),
        ("0 0 0 * Feb,march *", "2024-02-01T00:00:00"),
        ("0 0 0 13 * 5", "2024-09-13T00:00:00"),  # day and week day both match
        ("0 0 0 29 2 *", "2024-02-29T00:00:00"),
        ("0 0 12 * * *", "2024-01-02T12:00:00"),  # strictly after
        ("00:01:30", "2024-01-01T12:01:30"),
        ("1.00:00:00", "2024-01-02T12:00:00"),
    ],
)
def test_next_occurrence(schedule: str, following: str) -> None:
    assert parse_schedule(schedule).next_after(START).isoformat() == f"{following}+00:00"


@pytest.mark.parametrize(
    "schedule",
    [
        *("", "* * * *", "* * * * * * *", "00:00:00"),
        *("60 * * * * *", "0 0 0 0 * *", "0 0 0 * 13 *", "0 0 0 * * 7"),
        *("*/0 * * * * *", "5-1 * * * * *", "*-5 * * * * *"),
        *("x * * * * *", "0 0 0 * J *"),
    ],
)
def test_unsound_schedules_are_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"has|is not"):
        parse_schedule(schedule)


def test_schedule_that_never_occurs() -> None:
    with pytest.raises(ValueError, match="never occurs"):
        parse_schedule("0 0 0 30 2 *").next_after(START)


def test_leap_day_across_a_century_is_found() -> None:
    start = dt.datetime(2096, 3, 1, tzinfo=dt.UTC)
    assert parse_schedule("0 0 0 29 2 *").next_after(start).year == 2104


def test_wall_clock_of_the_zone_counts() -> None:
    berlin = dt.datetime(2024, 3, 30, 13, tzinfo=ZoneInfo("Europe/Berlin"))
    following = parse_schedule("0 0 12 * * *").next_after(berlin)
    assert following.isoformat() == "2024-03-31T12:00:00+02:00"


numbers = st.integers


def field(lowest: int, highest: int) -> st.SearchStrategy[str]:
    single = numbers(lowest, highest).map(str)
    # croniter reads 5-5 as a span around the clock: no schedule of ours means that.
    pair = st.lists(numbers(lowest, highest), min_size=2, max_size=2, unique=True).map(sorted)
    spans = pair.map(lambda ends: f"{ends[0]}-{ends[1]}")
    return st.one_of(st.just("*"), single, spans, numbers(1, 5).map(lambda step: f"*/{step}"))


@given(
    st.tuples(field(0, 59), field(0, 59), field(0, 23), field(1, 28), field(1, 12)),
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1)),
)
def test_agrees_with_croniter(fields: tuple[str, ...], moment: dt.datetime) -> None:
    start = moment.replace(microsecond=0, tzinfo=dt.UTC)
    expected = croniter(
        " ".join([*fields, "*"]), start, second_at_beginning=True, ret_type=dt.datetime
    ).get_next()
    assert parse_schedule(" ".join([*fields, "*"])).next_after(start) == expected


def test_parsed_fields() -> None:
    schedule = parse_schedule("1,2,50-52 */30 8-9 1 * 1-5")
    assert isinstance(schedule, Crontab)
    assert schedule.seconds == {1, 2, 50, 51, 52}
    assert schedule.minutes == {0, 30}
    assert schedule.week_days == {1, 2, 3, 4, 5}
