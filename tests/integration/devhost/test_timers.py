"""Timer triggers in a running host."""

import datetime as dt
import json
import sqlite3
from pathlib import Path

from scripts.devhost.host.host import DATABASE
from tests.integration.devhost.hosting import RunningHost, eventually


def store_last_run(host: RunningHost, moment: dt.datetime) -> None:
    """Make the schedule monitor believe that the daily timer last ran then, on time."""
    database = sqlite3.connect(host.directory / "state" / DATABASE)
    last, following = moment.isoformat(), (moment + dt.timedelta(days=1)).isoformat()
    status = json.dumps({"Last": last, "Next": following, "LastUpdated": last})
    with database:
        database.execute("UPDATE schedules SET status = ? WHERE function = 'daily'", (status,))
    database.close()


def test_schedule_startup_overlap_and_past_due(tmp_path: Path) -> None:
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(hours=20)
    host = RunningHost(tmp_path, "timer_app.py", DAILY=f"0 0 {tomorrow.hour} * * *", TZ="UTC")
    with host.start():
        eventually(lambda: sum(line.startswith("begin") for line in host.marks) >= 2)
        host.stop()
        runs = [line.split()[0] for line in host.marks if line.startswith(("begin", "end"))]
        assert runs[:3] == ["begin", "end", "begin"]  # long runs do not overlap
        assert "at_start False {}" in host.marks
        assert not any(line.startswith("daily") for line in host.marks)

        on_time = tomorrow.replace(minute=0, second=0, microsecond=0)
        store_last_run(host, on_time - dt.timedelta(days=3))
        host.start()
        past_due = eventually(lambda: [m for m in host.marks if m.startswith("daily True")])
        assert len(past_due) == 1  # one run, however many were missed
        host.stop()

        host.start()
        eventually(lambda: host.marks.count("at_start False {}") == 3)
        assert sum(line.startswith("daily") for line in host.marks) == 1
