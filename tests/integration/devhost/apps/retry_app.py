"""Functions that fail at first, with a retry policy of their own or with host.json's."""

import os
from pathlib import Path

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
NEVER = "0 0 0 1 1 *"


def note(name: str, context: func.Context) -> None:
    retries = context.retry_context
    with Path(os.environ["TRACE_FILE"]).open("a") as trace:
        trace.write(f"{name} {retries.retry_count} of {retries.max_retry_count}\n")


@app.timer_trigger(arg_name="timer", schedule=NEVER, use_monitor=False)
@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:00")
def own(timer: func.TimerRequest, context: func.Context) -> None:
    note("own", context)
    if context.retry_context.retry_count < 2:
        raise ValueError("not yet")


@app.timer_trigger(arg_name="timer", schedule=NEVER, use_monitor=False)
@app.retry(
    strategy="exponential_backoff",
    max_retry_count="1",
    minimum_interval="00:00:00",
    maximum_interval="00:00:01",
)
def hopeless(timer: func.TimerRequest, context: func.Context) -> None:
    note("hopeless", context)
    raise ValueError("never")


@app.timer_trigger(arg_name="timer", schedule=NEVER, use_monitor=False)
def by_host_json(timer: func.TimerRequest, context: func.Context) -> None:
    note("by_host_json", context)
    raise ValueError("never")


@app.route("failing")
def failing(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    note("failing", context)
    raise ValueError("never")
