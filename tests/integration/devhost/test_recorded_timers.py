"""What timers are given and when, run by run as on the real host."""

import datetime as dt
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from scripts.devhost.host.host import DATABASE
from tests.integration.devhost.hosting import RunningHost, eventually
from tests.integration.devhost.recording import RecordingHost, read

RECORDED: dict[str, Any] = read("timers")
RUNS: dict[str, list[dict[str, Any]]] = {
    run["run"].split(" (")[0]: run["invocations"] for run in RECORDED["invocations"]
}
NEVER = "0001-01-01T00:00:00+00:00"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?\+00:00")
UTC = {"TZ": "UTC"}


class Hosts:
    """Both recorded apps; that of t_… was not kept and is written anew."""

    def __init__(self, directory: Path) -> None:
        off = {f"AzureWebJobs.{name}.Disabled": "true" for name in ("qin", "qfail")}
        (directory / "app").mkdir()
        (directory / "t").mkdir()
        self.app = RecordingHost(directory / "app", "app", **off, **UTC)
        self.file = directory / "received.jsonl"
        self.file.touch()
        minute = dt.datetime.now(dt.UTC).minute
        soon = ",".join(str((minute + later) % 60) for later in range(59))
        self.t = RunningHost(
            directory / "t",
            "schedules_app.py",
            RECV_FILE=str(self.file),
            OFTEN_IN_SOME_MINUTES=f"*/2 {soon} * * * *",  # often, and yet monitored
            **UTC,
        )

    def received(self, name: str) -> list[dict[str, Any]]:
        """What a timer has been given so far."""
        file = self.app.received_file if name.startswith("tick") else self.file
        given = map(json.loads, file.read_text().splitlines())
        return [item for item in given if item["fn"] == name]

    def wait_for(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        return eventually(lambda: self.received(name)[count - 1 :] and self.received(name))


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    started = Hosts(tmp_path_factory.mktemp("timers"))
    started.app.launch()
    started.t.launch()
    with started.app.wait_until_ready(), started.t.wait_until_ready():
        yield started


def status_of(item: dict[str, Any]) -> dict[str, str]:
    return dict(item["status"] if "status" in item else item["schedule_status"])


def shape(item: dict[str, Any]) -> tuple[bool, dict[str, str], dict[str, bool]]:
    """What was given, with moments for whatever moments they were."""
    status = {name: text if text == NEVER else "moment" for name, text in status_of(item).items()}
    return item["past_due"], status, item["schedule"]


def monitor(host: RunningHost) -> closing[sqlite3.Connection]:
    """Where the schedule monitor keeps what it knows."""
    return closing(sqlite3.connect(host.directory / "state" / DATABASE))


def stored(host: RunningHost, name: str) -> dict[str, str]:
    with monitor(host) as database:
        (text,) = database.execute(
            "SELECT status FROM schedules WHERE function = ?", (name,)
        ).fetchone()
    return dict(json.loads(text))


def store(host: RunningHost, name: str, last: dt.datetime, following: dt.datetime) -> None:
    """Make the schedule monitor believe that the timer last ran then."""
    status = {"Last": str(last), "Next": str(following), "LastUpdated": str(last)}
    with monitor(host) as database, database:
        database.execute(
            "UPDATE schedules SET status = ? WHERE function = ?", (json.dumps(status), name)
        )


@pytest.mark.parametrize(
    ("run", "name", "count"),
    [
        ("app3, first start 12:19:50", "t_startup", 1),
        ("app3, first start 12:19:50", "t_step", 3),
        ("app3, first start 12:19:50", "t_default_monitor", 1),
        ("app3, first start 12:19:50", "t_span", 1),
        ("app3, first start 12:19:50", "t_five", 1),
        ("app, first start", "tick", 1),
        ("app, first start", "tick20", 1),
    ],
)
def test_first_start(hosts: Hosts, run: str, name: str, count: int) -> None:
    there = [shape(item) for item in RUNS[run] if item["fn"] == name]
    here = [shape(item) for item in hosts.wait_for(name, count)]
    assert here[0] == there[0]
    assert all(item in there or name == "t_five" for item in here)
    for item in hosts.received(name):
        assert all(text == NEVER or MOMENT.fullmatch(text) for text in status_of(item).values())


def test_times_are_those_of_the_schedule(hosts: Hosts) -> None:
    at_start, *later = (item["t"] for item in hosts.wait_for("t_step", 3))
    assert min(moment % 5 for moment in later) < 3  # a busy machine may be late with the others
    (first,) = (item["t"] for item in hosts.wait_for("t_span")[:1])
    assert first - at_start >= 6  # seven seconds after the host began, not at once


def test_status_of_a_monitored_timer(hosts: Hosts) -> None:
    before, then = (status_of(item) for item in hosts.wait_for("t_five", 2)[:2])
    assert then["Last"] == then["LastUpdated"] >= before["Next"]
    assert dt.datetime.fromisoformat(then["Next"]) - dt.datetime.fromisoformat(
        before["Next"]
    ) == dt.timedelta(seconds=2)
    assert len(hosts.received("t_startup")) == 1
    assert hosts.received("t_names") == []


def test_schedules_are_read_as_recorded(hosts: Hosts) -> None:
    log = hosts.t.log.read_text()
    for name, schedule in RECORDED["schedules"]:
        if name != "t_five":
            assert f"[{name}] the timer is using the schedule {schedule}\n" in log


class TestStartedAgain:
    def test_past_due_once_and_at_start_instead_of_on_time(self, hosts: Hosts) -> None:
        hosts.t.stop()
        status = stored(hosts.t, "t_five")
        missed = dt.datetime.fromisoformat(status["Next"])
        eventually(lambda: dt.datetime.now(dt.UTC) > missed)
        hosts.file.write_text("")
        hosts.t.start()
        first, *later = hosts.wait_for("t_five", 2)
        run = RUNS["app3, started again 12:33"]
        assert shape(first) == shape(next(item for item in run if item["fn"] == "t_five"))
        assert status_of(first) == status
        assert [item["past_due"] for item in later[:1]] == [False]
        for name in ("t_startup", "t_step"):
            there = [shape(item) for item in run if item["fn"] == name]
            assert shape(hosts.wait_for(name)[0]) == there[0]

    def test_on_time_and_at_start(self, hosts: Hosts) -> None:
        hosts.app.stop()
        last, planned = (
            dt.datetime.fromisoformat(stored(hosts.app, "tick")[name]) for name in ("Last", "Next")
        )
        ahead = dt.timedelta(hours=1)  # so no run is due, however long it stays stopped
        store(hosts.app, "tick", last + ahead, planned + ahead)
        hosts.app.received_file.write_text("")
        hosts.app.start()
        tick = hosts.wait_for("tick")[0]
        at_quarter_past = [item for item in RUNS["app, first start"] if item["fn"] == "tick"][1]
        assert shape(tick) == shape(at_quarter_past)
        assert status_of(tick)["Last"] == status_of(tick)["LastUpdated"]

    def test_past_due_and_not_at_start_too(self, hosts: Hosts) -> None:
        hosts.app.stop()
        last = dt.datetime.now(dt.UTC).replace(microsecond=1600) - dt.timedelta(minutes=12)
        planned = last.replace(minute=last.minute // 5 * 5, second=0, microsecond=0)
        planned += dt.timedelta(minutes=5)
        store(hosts.app, "tick", last, planned)
        hosts.app.received_file.write_text("")
        hosts.app.start()
        tick = hosts.wait_for("tick")[0]
        run = RUNS["app, started again 12:35"]
        assert shape(tick) == shape(next(item for item in run if item["fn"] == "tick"))
        assert status_of(tick)["Next"] == planned.isoformat()
        assert status_of(tick)["Last"] == f"{last:%Y-%m-%dT%H:%M:%S}.0016+00:00"
        (recorded,) = [shape(item) for item in run if item["fn"] == "tick20"]
        assert all(shape(item) == recorded for item in hosts.received("tick20"))

    def test_changed_schedule_has_missed_nothing(self, hosts: Hosts) -> None:
        hosts.app.stop()
        last = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
        store(hosts.app, "tick", last, last + dt.timedelta(hours=1))
        hosts.app.received_file.write_text("")
        hosts.app.start()
        tick = hosts.wait_for("tick")[0]
        assert tick["past_due"] is False
        assert status_of(tick)["Last"] == NEVER
