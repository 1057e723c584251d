"""From a request to the arguments of its handler: path, query and body, parsed and validated."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import uuid4

from pydantic import BaseModel, ValidationError

from shared.platform import errors
from shared.platform.http.pagination import PageQuery
from shared.platform.http.registry import Endpoint

MAX_BODY_BYTES = 1024 * 1024
MAX_SERIAL = 2**31 - 1
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")


class Request(Protocol):
    """What is needed of the host's request."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, found by lower-case names."""

    @property
    def params(self) -> Mapping[str, str]:
        """The query."""

    @property
    def route_params(self) -> Mapping[str, str]:
        """The path's parameters."""

    def get_body(self) -> bytes:
        """The body."""


def arguments_of(declared: Endpoint, request: Request, secrets: Sequence[bytes]) -> dict[str, Any]:
    """The handler's arguments; ``secrets`` are what cursors are sealed with.

    Raises:
        AppError: 400, 404, 411, 413, 415 or 422, when one of them is not as declared.
    """
    if len(request.get_body()) > MAX_BODY_BYTES:
        raise errors.PayloadTooLarge("A request body may have at most 1 MiB.")
    arguments: dict[str, Any] = {
        name: _path_value(kind, request.route_params[name])
        for name, kind in declared.parameters.items()
    }
    if declared.query:
        query = _validate(declared.query, dict(request.params), "query")
        if isinstance(query, PageQuery):
            query.of(declared.fill(request.route_params), secrets)
        arguments["query"] = query
    if declared.body and not (declared.body_optional and _has_no_body(request)):
        arguments["body"] = _validate(declared.body, _json_body(request), "body")
    return arguments


def request_id_of(request: Request) -> str:
    """The caller's ``X-Request-ID`` if it is well-formed, else a new one."""
    given = request.headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else uuid4().hex


def _path_value(kind: type, text: str) -> object:
    try:
        value = kind(text)
    except ValueError:
        raise errors.NotFound from None
    if isinstance(value, int) and not 0 < value <= MAX_SERIAL:
        raise errors.NotFound
    return value


def _validate(model: type[BaseModel], value: object, where: str) -> BaseModel:
    try:
        has_nul = _has_nul(value)  # PostgreSQL's text cannot hold it
    except RecursionError:
        raise errors.BadRequest("The body is nested too deeply.") from None
    if has_nul:
        field = {"loc": [where], "msg": "the NUL character is not allowed", "type": "nul"}
        raise errors.Invalid("Invalid: the NUL character is not allowed.", errors=[field])
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _invalid_fields(error, where) from None


def _has_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(_has_nul, value))
    return isinstance(value, str) and "\0" in value


def _has_no_body(request: Request) -> bool:
    return not request.get_body() and "transfer-encoding" not in request.headers


def _json_body(request: Request) -> object:
    body = request.get_body()
    if not body and "transfer-encoding" in request.headers:
        raise errors.LengthRequired(
            "Send the body with a Content-Length: Azure Functions drops what comes in chunks."
        )
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise errors.UnsupportedMediaType("Send the body as application/json.")
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise errors.BadRequest("The body is not valid JSON.") from None


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _invalid_fields(error: ValidationError, where: str) -> errors.Invalid:
    """The 422 for fields that pydantic refused; input values are not repeated."""
    fields = [
        {"loc": [where, *item["loc"]], "msg": item["msg"], "type": item["type"]}
        for item in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    names = ", ".join(sorted({".".join(map(str, f["loc"][1:])) or where for f in fields}))
    return errors.Invalid(f"Invalid: {names}.", errors=fields)
