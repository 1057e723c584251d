"""Requests and answers in the log, for a developer: without secrets, and cut short."""

import json
import re
from collections.abc import Mapping
from typing import Any

from shared.platform.errors import AppError
from shared.platform.http.answer import Answer
from shared.platform.http.registry import Endpoint
from shared.platform.http.request import Request
from shared.platform.observe.logging import get_logger

log = get_logger(__name__)

MOST_CHARACTERS = 2000
HIDDEN = "[redacted]"
_SECRET = re.compile(r"password|token|secret|authorization|cookie|(^|[_-])key$", re.IGNORECASE)


def log_request(declared: Endpoint, request: Request) -> None:
    """Logs what came in."""
    log.bind(
        method=declared.method,
        path="/" + declared.path,
        route=_without_secrets(dict(request.route_params)),
        query=_without_secrets(dict(request.params)),
        headers=_without_secrets(dict(request.headers)),
        body=_body(request.get_body()),
    ).debug("request")


def log_answer(answer: Answer, seconds: float) -> None:
    """Logs what goes out."""
    log.bind(
        status=answer.status, milliseconds=round(seconds * 1000), body=_body(answer.body)
    ).debug("answer")


def log_error(error: AppError, declared: Endpoint, user_id: str | None) -> None:
    """Logs what the caller is told: a warning where it is our failure, else for a developer."""
    cause = {"cause": type(error.__cause__).__name__} if error.__cause__ else {}
    bound = log.bind(
        endpoint=declared.name, status=error.status, code=error.code, detail=error.detail,
        **({"user_id": user_id} if user_id else {}), **cause,
    )  # fmt: skip
    bound.log("WARNING" if error.status >= 500 else "DEBUG", "request refused")


def _body(body: bytes) -> str:
    """A JSON body without its secrets, of any other the length."""
    try:
        shown = json.dumps(_without_secrets(json.loads(body)), ensure_ascii=False)
    except (ValueError, RecursionError):
        return f"{len(body)} bytes"
    return shown if len(shown) <= MOST_CHARACTERS else f"{shown[:MOST_CHARACTERS]}…"


def _without_secrets(value: Any) -> Any:
    match value:
        case Mapping():
            return {
                name: HIDDEN if _SECRET.search(name) else _without_secrets(item)
                for name, item in value.items()
            }
        case list():
            return [_without_secrets(item) for item in value]
        case _:
            return value
