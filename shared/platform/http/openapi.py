"""The OpenAPI 3.1 document, made from nothing but the declared endpoints."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from shared.platform import errors
from shared.platform.http.problem import MEDIA_TYPE
from shared.platform.http.registry import Endpoint
from shared.platform.idempotency.errors import IdempotencyKeyInUse, IdempotencyKeyReused

REF = "#/components/schemas/{model}"
SECURITY = {
    "bearerAuth": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of Supabase Auth, or an API key where one is taken.",
    },
    "apiKeyAuth": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "An API key: acts as its owner, within its permissions.",
    },
}
PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for a person."},
        "instance": {"type": "string", "format": "uri-reference"},
        "code": {"type": "string", "description": "Stable, for programs."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "properties": {
                    "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
                    "msg": {"type": "string"},
                    "type": {"type": "string"},
                },
            },
        },
    },
}
_PATH_TYPES: dict[type, dict[str, Any]] = {
    int: {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    UUID: {"type": "string", "format": "uuid"},
    str: {"type": "string"},
}


def build_openapi(endpoints: Iterable[Endpoint], *, version: str) -> dict[str, Any]:
    """The document for ``endpoints``, whose schemas stand in ``components``."""
    declared = sorted(endpoints, key=lambda e: (e.path, e.method))
    schemas, components = _schemas(declared)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in declared:
        path = "/" + re.sub(r"\{(\w+):\w+\}", r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "PixCrawler",
            "version": version,
            "description": "Image datasets from keywords: checked, deduplicated, labelled, "
            "licensed and traceable.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": PROBLEM},
            "securitySchemes": SECURITY,
        },
    }


Schemas = dict[tuple[type[BaseModel], JsonSchemaMode], dict[str, Any]]


def _schemas(endpoints: list[Endpoint]) -> tuple[Schemas, dict[str, Any]]:
    inputs = {model for e in endpoints for model in (e.body, e.query) if model}
    outputs = {model for e in endpoints for model in e.returns.values() if model}
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((model, "validation") for model in inputs),
        *((model, "serialization") for model in outputs),
    ]
    wanted.sort(key=lambda item: (item[0].__name__, item[1]))
    found, document = models_json_schema(wanted, ref_template=REF)
    return {key: found[key] for key in wanted}, document.get("$defs", {})


def _operation(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [_tag(endpoint)],
        "parameters": _parameters(endpoint, schemas),
        "responses": {**_successes(endpoint, schemas), **_failures(endpoint)},
    }
    if endpoint.successor:
        operation["deprecated"] = True
    if endpoint.body:
        schema = schemas[(endpoint.body, "validation")]
        operation["requestBody"] = {
            "required": not endpoint.body_optional,
            "content": {"application/json": {"schema": schema}},
        }
    if endpoint.access != "public":
        operation["security"] = [{"bearerAuth": []}]
        if endpoint.access == "caller":
            operation["security"].append({"apiKeyAuth": []})
            operation["description"] = f"API keys need the permission `{endpoint.scope}`."
    return operation


def _tag(endpoint: Endpoint) -> str:
    parts = endpoint.path.split("/")
    return parts[2] if parts[0] == "api" else "service"


def _parameters(endpoint: Endpoint, schemas: Schemas) -> list[dict[str, Any]]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _PATH_TYPES[kind]}
        for name, kind in endpoint.parameters.items()
    ]
    if endpoint.query:
        whole = endpoint.query.model_json_schema(ref_template=REF)
        required = whole.get("required", ())
        parameters += [
            {"name": name, "in": "query", "required": name in required, "schema": schema}
            for name, schema in whole["properties"].items()
        ]
    if endpoint.idempotent:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "Makes a repeated request have one effect, for 24 hours.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        )
    return parameters


def _successes(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, model in endpoint.returns.items():
        response: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if model:
            schema = schemas[(model, "serialization")]
            response["content"] = {"application/json": {"schema": schema}}
        if status in (201, 302) and (model is None or status == 201):
            response["headers"] = {"Location": {"schema": {"type": "string"}}}
        responses[str(status)] = response
    if endpoint.etag:
        responses["304"] = {"description": HTTPStatus(304).phrase}
    return responses


def _failures(endpoint: Endpoint) -> dict[str, Any]:
    kinds: set[type[errors.AppError]] = {
        *endpoint.raises,
        errors.InternalError,
        errors.TooManyRequests,
        errors.Unavailable,
    }
    if endpoint.access != "public":
        kinds |= {errors.Unauthenticated, errors.Forbidden, errors.AccountDisabled}
    if endpoint.body:
        kinds |= {errors.BadRequest, errors.PayloadTooLarge, errors.UnsupportedMediaType}
    if endpoint.body or endpoint.query:
        kinds.add(errors.Invalid)
    if endpoint.idempotent:
        kinds |= {IdempotencyKeyReused, IdempotencyKeyInUse}
    if endpoint.parameters:
        kinds.add(errors.NotFound)
    responses: dict[str, Any] = {}
    for kind in sorted(kinds, key=lambda k: (k.status, k.code)):
        response = responses.setdefault(
            str(kind.status),
            {
                "description": HTTPStatus(kind.status).phrase,
                "content": {
                    MEDIA_TYPE: {
                        "schema": {"$ref": REF.format(model="Problem")},
                        "examples": {},
                    }
                },
            },
        )
        response["content"][MEDIA_TYPE]["examples"][kind.code] = {"value": _example(kind, endpoint)}
    return responses


def _example(kind: type[errors.AppError], endpoint: Endpoint) -> dict[str, Any]:
    return {
        "type": f"/problems/{kind.code}",
        "title": kind.title(),
        "status": kind.status,
        "detail": f"{kind.title()}.",
        "instance": f"/{re.sub(r'{[^}]*}', '1', endpoint.path)}",
        "code": kind.code,
        "request_id": "4f0c1e0d8f6b4a41b1a9c6d1c58d9b1e",
        **({"errors": []} if kind is errors.Invalid else {}),
    }
