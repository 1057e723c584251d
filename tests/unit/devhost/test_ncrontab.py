"""NCRONTAB, rule by rule, and against croniter where both mean the same."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from scripts.devhost.host.ncrontab import Crontab, parse_schedule
from tests.integration.devhost.recording import read

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
        ("7", "2024-01-08T12:00:00"),  # days
        ("00:00:00", "2024-01-01T12:00:00"),  # without a pause
        ("*/0 * * * * *", "2024-01-01T12:00:01"),  # a step below 1 is 1
        ("0 10/-3 * * * *", "2024-01-01T12:10:00"),
        ("5-1 * * * * *", "2024-01-01T12:00:01"),  # in either order
        ("0 0 0 * * Fri-Mon", "2024-01-02T00:00:00"),  # that is Monday to Friday
        ("0 0 0 1 J *", "2025-01-01T00:00:00"),  # the first name that begins so
        ("0 0 0 1 ma *", "2024-03-01T00:00:00"),
        ("0 0 0 29 2 Mon", "2044-02-29T00:00:00"),
    ],
)
def test_next_occurrence(schedule: str, following: str) -> None:
    assert parse_schedule(schedule).next_after(START).isoformat() == f"{following}+00:00"


@pytest.mark.parametrize(
    "schedule",
    [
        *("", " ", "* * * *", "* * * * * * *", "24:61:00", "10675200"),
        *("60 * * * * *", "0 0 0 0 * *", "0 0 0 * 13 *", "0 0 0 * * 7", "60/5 * * * * *"),
        *("*-5 * * * * *", "-5 * * * * *", "5- * * * * *", "1--5 * * * * *", "** * * * * *"),
        *("5, * * * * *", ",5 * * * * *", "5,,6 * * * * *", "/5 * * * * *", "*/ * * * * *"),
        *("*/5/2 * * * * *", "*/x * * * * *", "*/1.5 * * * * *", "5x * * * * *"),
        *("x * * * * *", "Mon * * * * *", "0 0 0 * Janvier *", "0 0 0 * * Son", "*\t* * * * *"),
        *("0 0 0 L * *", "0 0 0 ? * *", "0 0 0 * * 1#2", "@hourly", "0 0 0 15W * *"),
    ],
)
def test_unsound_schedules_are_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"missing|is not|longer"):
        parse_schedule(schedule)


def test_number_that_is_too_large_for_the_real_host() -> None:
    assert parse_schedule("0 */2147483647 * * * *")
    with pytest.raises(OverflowError, match="too large or too small for an Int32"):
        parse_schedule("0 */2147483648 * * * *")


@pytest.mark.parametrize("schedule", ["0 0 0 30 2 *", "10675199"])
def test_schedule_that_never_occurs(schedule: str) -> None:
    assert parse_schedule(schedule).next_after(START).year == dt.MAXYEAR


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("t_span", "00:00:07"),
        ("t_step", "*/5 * * * * *"),
        ("t_default_monitor", "0/10 * * * * *"),
        ("t_startup", "0 0 0 1 Jan *"),
        ("t_names", "0 0 9 * jan Mon-Fri"),
        ("t_five", "* * * * *"),
    ],
)
def test_schedule_is_shown_as_on_the_real_host(name: str, schedule: str) -> None:
    assert str(parse_schedule(schedule)) == dict(read("timers")["schedules"])[name]


@pytest.mark.parametrize(
    ("schedule", "shown"),
    [
        ("1,2,50-52 */30 8-9 1 * 1-5", "Cron: '1-2,50-52 0,30 8-9 1 * 1-5'"),
        ("0-59 0/1 * 1-31 jan-dec sun-sat", "Cron: '* * * * * *'"),
        ("1.02:03:04.5", "Constant: 1.02:03:04.5000000"),
        ("-00:00:01", "Constant: -00:00:01"),
        ("3", "Constant: 3.00:00:00"),
    ],
)
def test_shown_schedule(schedule: str, shown: str) -> None:
    assert str(parse_schedule(schedule)) == shown


@pytest.mark.parametrize(
    ("schedule", "is_frequent"),
    [
        *(("*/30 * * * * *", True), ("0,30 * * * * *", True), ("00:00:59", True)),
        *(("0 * * * * *", False), ("* * * * *", False), ("00:01:00", False)),
        ("*/5 0 * * * *", False),  # often, but not in every minute
    ],
)
def test_only_what_runs_more_than_once_a_minute_is_frequent(
    schedule: str, is_frequent: bool
) -> None:
    assert parse_schedule(schedule).is_frequent is is_frequent


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
    seconds, minutes, *_, week_days = schedule.fields
    assert seconds == {1, 2, 50, 51, 52}
    assert minutes == {0, 30}
    assert week_days == {1, 2, 3, 4, 5}
