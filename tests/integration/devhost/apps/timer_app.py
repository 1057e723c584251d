# mypy: disable-error-code="attr-defined"
"""Timers: every second without overlap, and one that is watched by the schedule monitor."""

import json
import os
import time
from pathlib import Path

import azure.functions as func

app = func.FunctionApp()


def note(line: str) -> None:
    with Path(os.environ["TRACE_FILE"]).open("a") as trace:
        trace.write(line + "\n")


@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def every_second(timer: func.TimerRequest) -> None:
    note(f"begin {time.time()}")
    time.sleep(1.2)
    note("end")
    raise ValueError("the schedule goes on")


@app.timer_trigger(arg_name="timer", schedule="%DAILY%")
def daily(timer: func.TimerRequest) -> None:
    note(f"daily {timer.past_due} {json.dumps(timer.schedule_status)}")


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True, use_monitor=False)
def at_start(timer: func.TimerRequest) -> None:
    note(f"at_start {timer.past_due} {json.dumps(timer.schedule_status)}")
