"""One rule for calls over the network: how often, how far apart, after what, never silently."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import aiohttp
import httpx
import pytest
from httpx_aiohttp import HttpxAiohttpClient
from loguru import logger
from pydantic import BaseModel, ValidationError
from supabase_auth.errors import AuthError

from shared.fetch.safe_http import FetchRefused
from shared.platform.data.db import Database
from shared.platform.errors import Forbidden, Unavailable
from shared.platform.http.auth.accounts import AuthAccounts, repo
from shared.platform.net.retry import may_pass, retried
from shared.sources.source import SourceBusy, SourceThrottled
from tests.unit.platform.network_calls import (
    CHECKS,
    ONCE,
    UNREPEATABLE,
    WAYS,
    Server,
    Way,
    ask,
    blobs,
    source,
    unused,
)

PASSING = (429, 500, 503)
FINAL = (401, 403, 404, 422)
WAITS = [2.0, 4.0]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listener = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.host = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener:
        yield made


@pytest.fixture
def lines() -> Iterator[list[tuple[str, str, str]]]:
    """Of each line about another try: which one has failed, whom it asked, and how it failed."""
    found: list[tuple[str, str, str]] = []

    def note(message: Any) -> None:
        extra = message.record["extra"]
        if message.record["message"] == "retried":
            found.append((extra["attempt"], extra["host"], extra["error"]))

    sink = logger.add(note)
    yield found
    logger.remove(sink)


every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
every_unrepeatable = pytest.mark.parametrize("way", UNREPEATABLE.values(), ids=UNREPEATABLE)


class TestRule:
    @every_way
    @pytest.mark.parametrize("status", PASSING)
    async def test_is_tried_three_times_with_growing_waits_each_logged(
        self, way: Way, status: int, server: Server, pauses: list[float],
        lines: list[tuple[str, str, str]],
    ) -> None:  # fmt: skip
        server.status = status
        await ask(way, server.host)
        assert (server.requests, pauses) == (3, WAITS)
        assert [attempt for attempt, _, _ in lines] == ["1/3", "2/3"]
        assert {host.partition(":")[0] for _, host, _ in lines} == {"127.0.0.1"}
        assert all(str(status) in error and "http:" not in error for _, _, error in lines)

    @every_way
    @pytest.mark.parametrize("status", FINAL)
    async def test_a_refusal_is_final(
        self, way: Way, status: int, server: Server, pauses: list[float]
    ) -> None:
        server.status = status
        await ask(way, server.host)
        assert (server.requests, pauses) == (1, [])

    @every_way
    @pytest.mark.parametrize("status", [0, -1], ids=["nothing", "junk"])
    async def test_who_answers_nothing_or_junk_is_asked_again(
        self, way: Way, status: int, server: Server, pauses: list[float]
    ) -> None:
        server.status = status
        await ask(way, server.host)
        assert pauses == WAITS

    @pytest.mark.parametrize("way", ["published keys", "whose token it is", "signing in"])
    async def test_junk_is_no_answer_of_auth(
        self, way: str, server: Server, pauses: list[float]
    ) -> None:
        server.status = -1
        with pytest.raises(Unavailable):
            await WAYS[way](server.host)

    @pytest.mark.parametrize("way", ["an image", "a source", "a blob written", "a blob read"])
    async def test_not_behind_our_back(self, way: str, server: Server, pauses: list[float]) -> None:
        server.status = 0
        await ask(WAYS[way], server.host)
        assert server.requests == 3

    @pytest.mark.parametrize("way", (WAYS | UNREPEATABLE).values(), ids=WAYS | UNREPEATABLE)
    async def test_who_is_not_there_is_asked_again(self, way: Way, pauses: list[float]) -> None:
        await ask(way, await unused())
        assert pauses == WAITS

    async def test_storage_has_a_number_of_its_own(
        self, server: Server, pauses: list[float]
    ) -> None:
        patient = blobs(lambda store: store.put("a", b"", "image/png"), storage_azure_max_retries=6)
        await ask(patient, server.host)
        assert (server.requests, pauses) == (6, [2, 4, 8, 10, 10])

    async def test_success_ends_it(self, pauses: list[float]) -> None:
        results: list[Any] = [TimeoutError(), "found"]

        async def call() -> Any:
            if isinstance(result := results.pop(0), Exception):
                raise result
            return result

        assert await retried(call, "host") == "found"
        assert pauses == WAITS[:1]


class TestNotTwice:
    @every_unrepeatable
    @pytest.mark.parametrize("status", [404, 500, 503, 0, -1])
    async def test_what_the_server_may_have_done_is_not_repeated(
        self, way: Way, status: int, server: Server, pauses: list[float]
    ) -> None:
        server.status = status
        await ask(way, server.host)
        assert (server.requests, pauses) == (1, [])

    @every_unrepeatable
    async def test_what_it_has_put_off_is(
        self, way: Way, server: Server, pauses: list[float]
    ) -> None:
        server.status = 429
        await ask(way, server.host)
        assert (server.requests, pauses) == (3, WAITS)

    @pytest.mark.parametrize("way", (ONCE | CHECKS).values(), ids=ONCE | CHECKS)
    async def test_with_rows_locked_or_a_deadline_it_is_done_once(
        self, way: Way, server: Server, pauses: list[float]
    ) -> None:
        await ask(way, server.host)
        assert (server.requests, pauses) == (1, [])

    async def test_nor_is_auth_asked_again_under_the_lock_of_an_account(
        self, server: Server, pauses: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def nothing(*_: object) -> None: ...

        monkeypatch.setattr(repo, "wait_for_others", nothing)
        monkeypatch.setattr(repo, "find_state", nothing)
        async with HttpxAiohttpClient() as http:
            database = cast(Database, SimpleNamespace(transaction=contextlib.nullcontext))
            accounts = AuthAccounts(database, f"http://{server.host}", "service", http)
            with pytest.raises(AuthError):
                await accounts.align(uuid4())
        assert (server.requests, pauses) == (1, [])


class TestPatience:
    async def test_the_servers_word_goes_first(self, server: Server, pauses: list[float]) -> None:
        server.headers = "Retry-After: 7\r\n"
        await ask(source, server.host)
        assert pauses == [7, 7]

    async def test_who_asks_for_too_much_is_left_alone(
        self, server: Server, pauses: list[float]
    ) -> None:
        server.headers = "Retry-After: 31\r\n"
        await ask(source, server.host)
        assert (server.requests, pauses) == (1, [])

    @pytest.mark.parametrize("way", ["published keys", "whose token it is", "signing in"])
    async def test_a_request_waits_ten_seconds_at_most(
        self, way: str, server: Server, pauses: list[float]
    ) -> None:
        server.headers = "Retry-After: 11\r\n"
        await ask(WAYS[way], server.host)
        assert (server.requests, pauses) == (1, [])

    async def test_nor_for_tries_that_take_long(
        self, pauses: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [0.0]
        monkeypatch.setattr(time, "monotonic", lambda: now[0])
        tries = []

        async def hang() -> None:
            tries.append(now[0])
            now[0] += 5
            raise TimeoutError

        with pytest.raises(TimeoutError):
            await retried(hang, "host", seconds=9)
        assert (len(tries), pauses) == (2, WAITS[:1])


def answered(status: int) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "http://host")
    return httpx.HTTPStatusError("", request=request, response=httpx.Response(status))


def invalid() -> ValidationError:
    class Number(BaseModel):
        value: int

    with pytest.raises(ValidationError) as caught:
        Number.model_validate({"value": "none"})
    return caught.value


ERRORS: list[tuple[Exception, bool]] = [
    (TimeoutError(), True),
    (ConnectionResetError(), True),
    (httpx.ReadTimeout(""), True),
    (httpx.ConnectError(""), True),
    (httpx.RemoteProtocolError(""), True),
    (aiohttp.ServerDisconnectedError(), True),
    (aiohttp.ClientPayloadError(), True),
    (FetchRefused("truncated", ""), True),
    (SourceThrottled("maxlag"), True),
    *((answered(status), True) for status in PASSING),
    *((answered(status), False) for status in FINAL),
    (SourceBusy(""), False),
    (FetchRefused("too_large", ""), False),
    (httpx.UnsupportedProtocol(""), False),
    (Forbidden(), False),
    (ValueError("no JSON"), False),
    (invalid(), False),
]


@pytest.mark.parametrize(("error", "passes"), ERRORS, ids=lambda value: repr(value)[:40])
def test_what_may_pass(error: Exception, passes: bool) -> None:
    assert may_pass(error) is passes
