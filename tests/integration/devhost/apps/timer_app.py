# mypy: disable-error-code="attr-defined"
"""A timer that takes longer than to its next time, and fails."""

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
    note("begin")
    time.sleep(1.2)
    note("end")
    raise ValueError("the schedule goes on")
