# mypy: disable-error-code="attr-defined"
"""The timers of the recordings whose app was not kept, which write down what they are given."""

import json
import os
import time
from pathlib import Path

import azure.functions as func

app = func.FunctionApp()


def note(name: str, timer: func.TimerRequest) -> None:
    given = {
        "fn": name,
        "past_due": timer.past_due,
        "status": timer.schedule_status,
        "schedule": timer.schedule,
        "t": time.time(),
    }
    with Path(os.environ["RECV_FILE"]).open("a") as received:
        received.write(json.dumps(given) + "\n")


@app.timer_trigger(arg_name="timer", schedule="00:00:07")
def t_span(timer: func.TimerRequest) -> None:
    note("t_span", timer)


@app.timer_trigger(arg_name="timer", schedule="*/5 * * * * *", run_on_startup=True)
def t_step(timer: func.TimerRequest) -> None:
    note("t_step", timer)


@app.timer_trigger(arg_name="timer", schedule="*/10 * * * * *")
def t_default_monitor(timer: func.TimerRequest) -> None:
    note("t_default_monitor", timer)


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True, use_monitor=False)
def t_startup(timer: func.TimerRequest) -> None:
    note("t_startup", timer)


@app.timer_trigger(arg_name="timer", schedule="0 0 9 * Jan Mon-Fri")
def t_names(timer: func.TimerRequest) -> None:
    note("t_names", timer)


@app.timer_trigger(arg_name="timer", schedule="%OFTEN_IN_SOME_MINUTES%")
def t_five(timer: func.TimerRequest) -> None:
    note("t_five", timer)
