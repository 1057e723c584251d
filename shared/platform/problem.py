"""Problem documents (RFC 9457): the one shape of every error answer."""

import json
from typing import Any
from urllib.parse import quote

import azure.functions as func
from pydantic import ValidationError

from shared.platform.errors import AppError, Invalid

MEDIA_TYPE = "application/problem+json"


def render_problem(error: AppError, *, request_id: str, instance: str) -> func.HttpResponse:
    """The answer for ``error``: ``type, title, status, detail, instance, code, request_id``."""
    document: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": error.title(),
        "status": error.status,
        "detail": error.detail,
        "instance": quote(instance),
        "code": error.code,
        "request_id": request_id,
        **error.extra,
    }
    if error.errors:
        document["errors"] = error.errors
    return func.HttpResponse(
        json.dumps(document),
        status_code=error.status,
        headers={"X-Request-ID": request_id, "Cache-Control": "no-store", **error.headers},
        mimetype=MEDIA_TYPE,
    )


def invalid_fields(error: ValidationError, where: str) -> Invalid:
    """The 422 for fields that pydantic refused; input values are not repeated."""
    fields = [
        {"loc": [where, *item["loc"]], "msg": item["msg"], "type": item["type"]}
        for item in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    names = ", ".join(sorted({".".join(map(str, f["loc"][1:])) or where for f in fields}))
    return Invalid(f"Invalid: {names}.", errors=fields)
