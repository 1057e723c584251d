"""The OpenAPI document says exactly what is declared."""

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

import function_app  # noqa: F401 - importing it declares the endpoints
from shared.platform.http.openapi import SECURITY, build_openapi
from shared.platform.http.registry import endpoints


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build_openapi(endpoints.values(), version="1.2.3")


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }


def test_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert json.loads(json.dumps(document)) == document


def test_has_every_endpoint_and_no_other(document: dict[str, Any]) -> None:
    assert set(operations(document)) == set(endpoints)


@pytest.mark.parametrize("name", sorted(endpoints))
def test_says_what_is_declared(document: dict[str, Any], name: str) -> None:
    endpoint, operation = endpoints[name], operations(document)[name]
    assert operation["summary"] == endpoint.summary
    assert {str(status) for status in endpoint.returns} <= set(operation["responses"])
    codes = {
        code
        for response in operation["responses"].values()
        for content in response.get("content", {}).values()
        for code in content.get("examples", {})
    }
    assert {error.code for error in endpoint.raises} <= codes
    assert ("requestBody" in operation) == (endpoint.body is not None)
    assert operation.get("requestBody", {}).get("required", False) == (
        endpoint.body is not None and not endpoint.body_optional
    )
    assert ("deprecated" in operation) == (endpoint.successor is not None)
    in_path = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
    assert in_path == set(endpoint.parameters)
    schemes = {scheme for item in operation.get("security", ()) for scheme in item}
    expected = {"public": set(), "caller": set(SECURITY)}.get(endpoint.access, {"bearerAuth"})
    assert schemes == expected


def test_is_the_same_each_time(document: dict[str, Any]) -> None:
    assert build_openapi(reversed(endpoints.values()), version="1.2.3") == document
