"""What is logged of requests and answers: all that helps, and no secret."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger

from shared.platform import errors
from shared.platform.http.answer import Answer
from shared.platform.http.exchange import MOST_CHARACTERS, log_answer, log_error, log_request
from shared.platform.http.registry import Endpoint
from tests.fakes.requests import FakeRequest

SECRET = "s3cret-value"
ENDPOINT = Endpoint(
    name="make_things", method="POST", path="api/v1/things/{id}", access="user", summary="",
    scope=None, returns={200: None}, raises=(), parameters={}, body=None, query=None, etag=False,
    internal=False,
)  # fmt: skip


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    found: list[Any] = []
    sink = logger.add(lambda message: found.append(message.record), level="DEBUG")
    yield found
    logger.remove(sink)


class TestRequest:
    def test_shows_what_came_in_without_secrets(self, lines: list[Any]) -> None:
        body = {"email": "ada@example.com", "password": SECRET, "keywords": ["cat"],
                "deep": [{"refresh_token": SECRET, "key": SECRET, "api_key": SECRET}]}  # fmt: skip
        headers = {"authorization": f"Bearer {SECRET}", "x-api-key": SECRET, "cookie": SECRET,
                   "accept": "*/*"}  # fmt: skip
        log_request(ENDPOINT, FakeRequest(
            headers=headers, params={"limit": "3", "token": SECRET}, route_params={"id": "7"},
            body=json.dumps(body).encode(),
        ))  # fmt: skip
        (line,) = lines
        said = f"{line['message']} {line['extra']}"
        for part in ("request", "POST", "/api/v1/things/{id}", "'id': '7'", "'limit': '3'", "*/*",
                     '"keywords": ["cat"]', "ada@example.com"):  # fmt: skip
            assert part in said
        assert SECRET not in said

    @pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[" * 100_000])
    def test_what_is_no_json_is_counted(self, lines: list[Any], body: bytes) -> None:
        log_request(ENDPOINT, FakeRequest(body=body))
        assert lines[0]["extra"]["body"] == f"{len(body)} bytes"


class TestAnswer:
    def test_shows_what_goes_out_without_secrets(self, lines: list[Any]) -> None:
        log_answer(Answer(201, {}, json.dumps({"key": SECRET, "name": "n"}).encode()), 0.0123)
        extra = lines[0]["extra"]
        assert (extra["status"], extra["milliseconds"]) == (201, 12)
        assert extra["body"] == '{"key": "[redacted]", "name": "n"}'

    def test_is_cut_short(self, lines: list[Any]) -> None:
        log_answer(Answer(200, {}, json.dumps(["x" * 10_000]).encode()), 0)
        assert len(lines[0]["extra"]["body"]) == MOST_CHARACTERS + 1


class TestError:
    @pytest.mark.parametrize(
        ("error", "level"), [(errors.Unavailable("Gone."), "WARNING"), (errors.NotFound(), "DEBUG")]
    )
    def test_says_where_and_why(self, lines: list[Any], error: errors.AppError, level: str) -> None:
        error.__cause__ = TimeoutError(SECRET)
        log_error(error, ENDPOINT, "u-1")
        (line,) = lines
        assert line["level"].name == level
        assert {k: v for k, v in line["extra"].items() if k != "name"} == {
            "endpoint": "make_things", "status": error.status, "code": error.code,
            "detail": error.detail, "user_id": "u-1", "cause": "TimeoutError",
        }  # fmt: skip
