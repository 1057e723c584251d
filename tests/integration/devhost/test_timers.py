"""Timers that run long and fail, as the recorded ones do not."""

from pathlib import Path

from tests.integration.devhost.hosting import RunningHost, eventually


def test_runs_do_not_overlap_and_follow_one_that_failed(tmp_path: Path) -> None:
    with RunningHost(tmp_path, "timer_app.py") as host:
        eventually(lambda: host.marks.count("begin") >= 2)
        assert host.marks[:3] == ["begin", "end", "begin"]
