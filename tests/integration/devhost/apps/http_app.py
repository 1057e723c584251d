"""HTTP functions that show what the host does with requests and answers."""

import json
import logging
import os
import sys
import time
from typing import Any

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route("echo/{*rest}")
async def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    seen: dict[str, Any] = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "params": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode("latin-1"),
        "function": context.function_name,
        "invocation": context.invocation_id,
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


@app.route("text", methods=["GET"])
def text(req: func.HttpRequest) -> str:
    return str(req.params.get("text", ""))


@app.route("fail")
def fail(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("a secret in the message")


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("I cannot say what I am")


@app.route("unspeakable")
def unspeakable(req: func.HttpRequest) -> func.HttpResponse:
    raise Unspeakable


@app.route("exit")
def leave(req: func.HttpRequest) -> func.HttpResponse:
    raise SystemExit(3)


@app.route("sleep/{seconds}")
def sleep(req: func.HttpRequest) -> func.HttpResponse:
    time.sleep(float(req.route_params["seconds"]))
    return func.HttpResponse(str(os.getpid()))


@app.route("talk")
async def talk(req: func.HttpRequest) -> func.HttpResponse:
    logging.getLogger("app").warning("a warning of mine")
    print("printed line", file=sys.stdout, flush=True)  # noqa: T201
    return func.HttpResponse("said")


@app.route("off")
def off(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("never")


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", use_monitor=False)
def yearly(timer: func.TimerRequest) -> None:
    logging.info("ran now, past due: %s", timer.past_due)
