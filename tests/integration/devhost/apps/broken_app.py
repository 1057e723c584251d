# mypy: disable-error-code="untyped-decorator, no-any-return"
"""One function for each thing that the host refuses although the worker takes it."""

from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
CONNECTION = "AzureWebJobsStorage"


@app.function_name("1st")
@app.route("first")
def misnamed(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse()


@app.queue_trigger(arg_name="my_message", queue_name="texts", connection=CONNECTION)
def underscored(my_message: func.QueueMessage) -> None: ...


@app.queue_trigger(arg_name="message", queue_name="of-{user}", connection=CONNECTION)
def expressed(message: func.QueueMessage) -> None: ...


@app.route("odd/{id:nonsense}")
def misrouted(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse()


@app.entity_trigger(context_name="context")
def counter(context: Any) -> None: ...


@app.blob_trigger(arg_name="blob", path="in/{name}", connection=CONNECTION)
def on_blob(blob: func.InputStream) -> None: ...
