# mypy: disable-error-code="untyped-decorator, no-any-return, type-arg"
"""The public orchestration patterns, small, with HTTP starters around the unmodified client."""

import datetime as dt
import json
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
Steps = Generator[Any, Any, Any]


def note(line: str) -> None:
    """Leave a trace that outlives every process."""
    with Path(os.environ["TRACE_FILE"]).open("a") as trace:
        trace.write(line + "\n")


@app.route("start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    given = req.get_json() if req.get_body() else None
    try:
        instance_id = await client.start_new(req.route_params["name"], req.params.get("id"), given)
    except Exception as error:  # noqa: BLE001 - the client raises nothing narrower
        return func.HttpResponse(str(error), status_code=409)
    return client.create_check_status_response(req, instance_id)


@app.route("wait/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def wait(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    given = req.get_json() if req.get_body() else None
    instance_id = await client.start_new(req.route_params["name"], None, given)
    return await client.wait_for_completion_or_create_check_status_response(
        req, instance_id, timeout_in_milliseconds=15000, retry_interval_in_milliseconds=100
    )


@app.route("do/{operation}/{id}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def do(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    instance_id, given = req.route_params["id"], req.get_json() if req.get_body() else None
    result: Any = None
    match req.route_params["operation"]:
        case "raise":
            await client.raise_event(instance_id, req.params["event"], given)
        case "terminate":
            await client.terminate(instance_id, "enough")
        case "suspend":
            await client.suspend(instance_id, "hold on")
        case "resume":
            await client.resume(instance_id, "go on")
        case "restart":
            result = await client.restart(instance_id, True)
        case "purge":
            result = (await client.purge_instance_history(instance_id)).instances_deleted
        case "status":
            status = await client.get_status(instance_id, show_history=True)
            result = status.to_json() if status else None
    return func.HttpResponse(json.dumps(result, default=str), mimetype="application/json")


@app.route("all", methods=["GET"])
@app.durable_client_input(client_name="client")
async def all_ids(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    found = await client.get_status_by(
        dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        dt.datetime(2100, 1, 1, tzinfo=dt.UTC),
        [df.OrchestrationRuntimeStatus.Completed, df.OrchestrationRuntimeStatus.Failed],
    )
    return func.HttpResponse(json.dumps([status.instance_id for status in found]))


@app.orchestration_trigger(context_name="context")
def chaining(context: df.DurableOrchestrationContext) -> Steps:
    text = context.get_input() or "x"
    for step in range(3):
        text = yield context.call_activity("append", [text, step])
    return text


@app.orchestration_trigger(context_name="context")
def fan_out_fan_in(context: df.DurableOrchestrationContext) -> Steps:
    numbers = context.get_input()
    squares = yield context.task_all([context.call_activity("square", n) for n in numbers])
    return sum(squares)


@app.orchestration_trigger(context_name="context")
def approval(context: df.DurableOrchestrationContext) -> Steps:
    seconds = context.get_input() or 600
    deadline = context.create_timer(context.current_utc_datetime + dt.timedelta(seconds=seconds))
    answer = context.wait_for_external_event("Approval")
    winner = yield context.task_any([answer, deadline])
    if winner is not answer:
        return "escalated"
    deadline.cancel()
    return answer.result


@app.orchestration_trigger(context_name="context")
def monitor(context: df.DurableOrchestrationContext) -> Steps:
    for poll in range(1, 20):
        context.set_custom_status({"poll": poll})
        ready = yield context.call_activity("is_ready", poll)
        if ready:
            return poll
        pause = dt.timedelta(milliseconds=50)
        yield context.create_timer(context.current_utc_datetime + pause)
    return None


@app.orchestration_trigger(context_name="context")
def parent(context: df.DurableOrchestrationContext) -> Steps:
    sums = yield context.task_all(
        [context.call_sub_orchestrator("fan_out_fan_in", [n, n + 1]) for n in (1, 2)]
    )
    try:
        yield context.call_sub_orchestrator("hopeless", None)
    except Exception:  # noqa: BLE001 - what the SDK raises for a failed task
        sums.append("caught")
    return sums


@app.orchestration_trigger(context_name="context")
def retrying(context: df.DurableOrchestrationContext) -> Steps:
    options = df.RetryOptions(20, 3)
    return (yield context.call_activity_with_retry("flaky", options, context.instance_id))


@app.orchestration_trigger(context_name="context")
def hopeless(context: df.DurableOrchestrationContext) -> Steps:
    yield context.call_activity_with_retry("broken", df.RetryOptions(20, 2), "no way")


@app.orchestration_trigger(context_name="context")
def compensating(context: df.DurableOrchestrationContext) -> Steps:
    try:
        yield context.call_activity("broken", "first try")
    except Exception as error:  # noqa: BLE001 - what the SDK raises for a failed task
        return (yield context.call_activity("append", ["undone", "broken" in str(error)]))


@app.orchestration_trigger(context_name="context")
def eternal(context: df.DurableOrchestrationContext) -> Steps:
    count = context.get_input() or 0
    yield context.call_activity("square", count)
    if count < 5:
        context.continue_as_new(count + 1)
        return None
    return count


@app.orchestration_trigger(context_name="context")
def unknown_activity(context: df.DurableOrchestrationContext) -> Steps:
    yield context.call_activity("nowhere", None)


@app.orchestration_trigger(context_name="context")
def long_chain(context: df.DurableOrchestrationContext) -> Steps:
    """Twelve marked activities, two at a time, so that a kill hits something."""
    done: list[int] = []
    for step in range(0, 12, 2):
        pair = [context.call_activity("mark", [context.instance_id, step + i]) for i in range(2)]
        done += yield context.task_all(pair)
    return done


@app.orchestration_trigger(context_name="context")
def stubborn(context: df.DurableOrchestrationContext) -> Steps:
    """Calls each activity again that ended without an answer."""
    done: list[int] = []
    while len(done) < 4:
        try:
            done.append((yield context.call_activity("mark", [context.instance_id, len(done)])))
        except Exception:  # noqa: BLE001 - what the SDK raises is no narrower
            continue
    return done


@app.orchestration_trigger(context_name="context")
def crowd(context: df.DurableOrchestrationContext) -> Steps:
    yield context.task_all([context.call_activity("occupy", n) for n in range(9)])


@app.orchestration_trigger(context_name="context")
def call(context: df.DurableOrchestrationContext) -> Steps:
    name, given = context.get_input()
    return (yield context.call_activity(name, given))


@app.activity_trigger(input_name="number")
def occupy(number: int) -> None:
    note("in")
    time.sleep(0.2)
    note("out")


@app.activity_trigger(input_name="size")
def produce(size: int) -> str:
    return "x" * size


@app.activity_trigger(input_name="seconds")
def sleep(seconds: float) -> None:
    time.sleep(seconds)


@app.activity_trigger(input_name="payload")
def append(payload: list) -> str:
    return f"{payload[0]}-{payload[1]}"


@app.activity_trigger(input_name="number")
async def square(number: int) -> int:
    return number * number


@app.activity_trigger(input_name="poll")
def is_ready(poll: int) -> bool:
    return poll >= 3


@app.activity_trigger(input_name="key")
def flaky(key: str) -> str:
    note(f"flaky {key}")
    attempts = Path(os.environ["TRACE_FILE"]).read_text().count(f"flaky {key}\n")
    if attempts < 3:
        raise ValueError(f"attempt {attempts}")
    return f"ok after {attempts}"


@app.activity_trigger(input_name="reason")
def broken(reason: str) -> None:
    raise RuntimeError(f"broken: {reason}")


@app.activity_trigger(input_name="payload")
def mark(payload: list) -> int:
    note(f"{payload[0]} {payload[1]}")
    return int(payload[1])
