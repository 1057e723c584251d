"""Problem documents (RFC 9457): the one shape of every error answer."""

import json
from typing import Any
from urllib.parse import quote

from shared.platform.errors import AppError
from shared.platform.http.answer import Answer

MEDIA_TYPE = "application/problem+json"


def render_problem(error: AppError, *, request_id: str, instance: str) -> Answer:
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
    return Answer(error.status, error.headers, json.dumps(document).encode(), MEDIA_TYPE)
