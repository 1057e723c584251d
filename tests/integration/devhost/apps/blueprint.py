# mypy: disable-error-code="untyped-decorator, no-any-return, type-arg"
"""An orchestration with all that belongs to it, in a module that knows no app."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()


@bp.route(route="start/{name}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    instance_id = await client.start_new(req.route_params["name"], client_input=req.get_json())
    return client.create_check_status_response(req, instance_id)


@bp.orchestration_trigger(context_name="context")
def greetings(context: df.DurableOrchestrationContext) -> Generator[Any, Any, list[str]]:
    calls = [context.call_activity("greet", city) for city in context.get_input()]
    return (yield context.task_all(calls))


@bp.activity_trigger(input_name="city")
def greet(city: str) -> str:
    return f"Hello {city}!"
