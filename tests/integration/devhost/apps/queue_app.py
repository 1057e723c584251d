"""Queue triggers and outputs."""

import os
from pathlib import Path
from typing import List  # noqa: UP035 - Azure's worker refuses list[str] here

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
CONNECTION = "AzureWebJobsStorage"


def note(line: str) -> None:
    with Path(os.environ["TRACE_FILE"]).open("a") as trace:
        trace.write(line + "\n")


@app.route("send/{kind}", methods=["POST"])
@app.queue_output(arg_name="first", queue_name="%INBOX%", connection=CONNECTION)
@app.queue_output(arg_name="second", queue_name="texts", connection=CONNECTION)
def send(
    req: func.HttpRequest,
    first: func.Out[str],
    second: func.Out[List[str]],  # noqa: UP006
) -> func.HttpResponse:
    text = req.get_body().decode()
    match req.route_params["kind"]:
        case "one":
            first.set(text)
        case "list":
            second.set(text.split(","))
        case "fail":
            first.set(text)
            raise ValueError("after set")
    return func.HttpResponse("sent")


@app.queue_trigger(arg_name="message", queue_name="%INBOX%", connection=CONNECTION)
def take(message: func.QueueMessage) -> None:
    text = message.get_body().decode()
    note(f"{text} {message.dequeue_count}")
    if text.startswith("bad"):
        raise ValueError(text)
    if text.startswith("deadly") and message.dequeue_count == 1:
        os._exit(3)


@app.queue_trigger(arg_name="text", queue_name="texts", connection=CONNECTION)
@app.queue_output(arg_name="$return", queue_name="results", connection=CONNECTION)
async def relay(text: str) -> str:
    note(f"relay {text}")
    return text.upper()


@app.queue_trigger(arg_name="message", queue_name="results", connection=CONNECTION)
def result(message: func.QueueMessage) -> None:
    note(f"result {message.get_body().decode()}")
