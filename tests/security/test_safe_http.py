"""Fetching from hostile addresses and hostile servers. Nothing here dials outside loopback."""

import asyncio
import contextlib
import gzip
import socket
import ssl
import tracemalloc
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from loguru import logger

from shared.platform.safe_http import FetchLimits, FetchRefused, SafeHttp
from tests.fakes.certificates import self_signed

LIMITS = FetchLimits(
    total_seconds=2, idle_seconds=1, connect_seconds=1, max_bytes=100_000, retry_seconds=0.01,
    dns_cache_seconds=0, per_host=8,
)  # fmt: skip
PUBLIC = "93.184.215.14"

Handler = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


class Names(AbstractResolver):
    """Answers for every name, each time with the next address of its list."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = count()

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        address = self.addresses[next(self.asked) % len(self.addresses)]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=family, proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]  # fmt: skip

    async def close(self) -> None:
        pass


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that sockets were connected to; those outside loopback refuse."""
    addresses: list[str] = []
    connect = BaseSelectorEventLoop.sock_connect

    async def recorded(loop: Any, sock: socket.socket, address: tuple[str, int]) -> None:
        addresses.append(address[0])
        if not address[0].startswith("127."):
            raise ConnectionRefusedError
        await connect(loop, sock, address)

    monkeypatch.setattr(BaseSelectorEventLoop, "sock_connect", recorded)
    return addresses


@contextlib.asynccontextmanager
async def opened(
    limits: FetchLimits = LIMITS,
    *,
    allow: str | None = None,
    resolver: AbstractResolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[SafeHttp]:
    allowed = frozenset([allow] if allow else [])
    client = SafeHttp(
        limits, user_agent="Test/1", allowed_hosts=allowed, resolver=resolver, tls=tls
    )
    try:
        yield client
    finally:
        await client.aclose()


class Server:
    """A server of raw bytes on loopback; `requests` are the request heads it got."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[str] = []
        self.host = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.requests.append(head)
                await self.handler(head.split()[1], writer)
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(handler)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0, ssl=tls)
    server.host = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()


def answer(
    writer: asyncio.StreamWriter, status: int = 200, body: bytes = b"", **headers: str
) -> None:
    lines = [f"HTTP/1.1 {status} Any"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if "Content_Length" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)


def answering(*answers: tuple[int, dict[str, str]]) -> Handler:
    """The answers one after the other, the last one for ever."""
    number = count()

    async def handler(_: str, writer: asyncio.StreamWriter) -> None:
        status, headers = answers[min(next(number), len(answers) - 1)]
        answer(writer, status, b"body", **headers)

    return handler


async def refusal(client: SafeHttp, url: str) -> tuple[str, str]:
    with pytest.raises(FetchRefused) as refused:
        await client.fetch(url)
    return refused.value.outcome, refused.value.detail


class TestAddresses:
    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/",
            "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://①②⑦.0.0.1/", "http://0.0.0.0/",
            "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:7f00:1::]/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/",
            "http://[fd00::1]/", "http://[ff02::1]/", "http://169.254.169.254/metadata/instance",
            "http://168.63.129.16/machine", "http://10.1.2.3/", "http://172.16.0.1/",
            "http://192.168.1.1/", "http://100.64.0.1/", "http://224.0.0.1/",
            "http://255.255.255.255/", "http://198.18.0.1/",
            "http://user@example.com/", "http://user:secret@example.com/",
            "http://example.com@127.0.0.1/", "http://127.0.0.1\\@example.com/",
            "http://example.com:22/", "http://example.com:6379/", "http://example.com:10000/",
            "http://example.com:8080/", "http://example.com:99999/",
            "file:///etc/passwd", "gopher://example.com/", "data:image/png;base64,AAAA",
            "ftp://example.com/", "//example.com/", "example.com", "", "http://", "http:///a",
            "http://exa mple.com/", "http://example.com/\r\nHost: internal",
        ],
    )  # fmt: skip
    async def test_url_is_refused_without_a_connection(self, dialled: list[str], url: str) -> None:
        async with opened(resolver=Names("127.0.0.1")) as client:
            outcome, detail = await refusal(client, url)
        assert outcome == "blocked_address"
        assert detail
        assert dialled == []

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "168.63.129.16", "100.64.0.1",
            "::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("name", ["localhost", "localhost.", "intern。example", "a.example"])
    async def test_name_of_an_inner_address_is_refused(
        self, dialled: list[str], name: str, address: str
    ) -> None:
        async with opened(resolver=Names(address)) as client:
            outcome, _ = await refusal(client, f"http://{name}/image.jpg")
        assert outcome == "blocked_address"
        assert dialled == []

    async def test_public_address_is_dialled(self, dialled: list[str]) -> None:
        async with opened(resolver=Names(PUBLIC)) as client:
            outcome, _ = await refusal(client, "http://example.com/")
        assert outcome == "network_error"
        assert set(dialled) == {PUBLIC}

    async def test_rebinding_never_reaches_loopback(self, dialled: list[str]) -> None:
        async with opened(resolver=Names(PUBLIC, "127.0.0.1")) as client:
            for _ in range(100):
                await refusal(client, "http://rebind.example/")
        assert set(dialled) == {PUBLIC}

    @pytest.mark.parametrize("variable", ["IDENTITY_ENDPOINT", "MSI_ENDPOINT"])
    async def test_identity_endpoint_is_closed_even_when_allowed(
        self, dialled: list[str], monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        monkeypatch.setenv(variable, "http://127.0.0.1:41741/msi/token")
        async with opened(allow="127.0.0.1:41741") as client:
            outcome, _ = await refusal(client, "http://127.0.0.1:41741/msi/token")
        assert outcome == "blocked_address"
        assert dialled == []

    async def test_allowed_pair_opens_that_port_alone(self, dialled: list[str]) -> None:
        async with serving(answering((200, {}))) as server, opened(allow=server.host) as client:
            assert (await client.fetch(f"http://{server.host}/")).body == b"body"
            outcome, _ = await refusal(client, "http://127.0.0.1:1/")
        assert outcome == "blocked_address"
        assert dialled == ["127.0.0.1"]


class TestRedirects:
    @staticmethod
    async def steps(path: str, writer: asyncio.StreamWriter) -> None:
        """/3 redirects to /2, to /1, to the image at /0."""
        left = int(path.rpartition("/")[2])
        answer(writer, 302, Location=f"{left - 1}") if left else answer(writer, body=b"image")

    async def test_three_are_followed(self) -> None:
        async with serving(self.steps) as server, opened(allow=server.host) as client:
            fetched = await client.fetch(f"http://{server.host}/a/3")
        assert (fetched.body, fetched.final_url) == (b"image", f"http://{server.host}/a/0")

    @pytest.mark.parametrize("length", [4, 6])
    async def test_longer_chains_are_refused(self, length: int) -> None:
        async with serving(self.steps) as server, opened(allow=server.host) as client:
            outcome, detail = await refusal(client, f"http://{server.host}/{length}")
        assert (outcome, detail) == ("http_error", "more than 3 redirects")
        assert len(server.requests) == 4

    @pytest.mark.parametrize(
        "target",
        [
            "http://169.254.169.254/metadata", "http://168.63.129.16/", "//127.0.0.1:22/",
            "file:///etc/passwd", "http://localhost/", "http://[::1]/", "http://a@example.com/",
        ],
    )  # fmt: skip
    async def test_target_is_checked_again(self, dialled: list[str], target: str) -> None:
        async with (
            serving(answering((302, {"Location": target}))) as server,
            opened(allow=server.host, resolver=Names("127.0.0.1")) as client,
        ):
            outcome, _ = await refusal(client, f"http://{server.host}/")
        assert outcome == "blocked_address"
        assert dialled == ["127.0.0.1"]
        assert len(server.requests) == 1

    async def test_https_does_not_become_http(self, tmp_path: Path) -> None:
        server_tls, client_tls = self_signed(tmp_path)
        handler = answering((302, {"Location": "http://example.com/"}))
        async with (
            serving(handler, server_tls) as server,
            opened(allow=server.host, tls=client_tls) as client,
        ):
            outcome, detail = await refusal(client, f"https://{server.host}/")
        assert (outcome, detail) == ("blocked_address", "redirected from https to http")

    async def test_unknown_certificate_is_refused(self, tmp_path: Path) -> None:
        server_tls, _ = self_signed(tmp_path)
        async with (
            serving(answering((200, {})), server_tls) as server,
            opened(allow=server.host) as client,
        ):
            outcome, _ = await refusal(client, f"https://{server.host}/")
        assert outcome == "network_error"
        assert server.requests == []


class TestBodies:
    async def test_declared_size_is_refused_early(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            answer(writer, Content_Length="100001")

        async with serving(handler) as server, opened(allow=server.host) as client:
            outcome, _ = await refusal(client, f"http://{server.host}/")
        assert outcome == "too_large"

    async def test_exactly_the_limit_is_taken(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            answer(writer, body=b"x" * 100_000)

        async with serving(handler) as server, opened(allow=server.host) as client:
            assert len((await client.fetch(f"http://{server.host}/")).body) == 100_000

    async def test_announced_length_that_never_comes(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            answer(writer, body=b"short", Content_Length="5000")
            writer.close()

        async with serving(handler) as server, opened(allow=server.host) as client:
            outcome, _ = await refusal(client, f"http://{server.host}/")
        assert outcome == "truncated"
        assert len(server.requests) == 3

    async def test_more_than_announced_is_no_answer(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            answer(writer, body=b"12345" * 1_000, Content_Length="5")

        async with serving(handler) as server, opened(allow=server.host) as client:
            outcome, _ = await refusal(client, f"http://{server.host}/")
        assert outcome == "network_error"

    @pytest.mark.parametrize("chunked", [True, False])
    async def test_endless_body_stops_at_the_limit(self, chunked: bool) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            kind = "Transfer-Encoding: chunked" if chunked else "Connection: close"
            writer.write(f"HTTP/1.1 200 OK\r\n{kind}\r\n\r\n".encode())
            while True:
                writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n" if chunked else b"x" * 0x4000)
                await writer.drain()

        async with serving(handler) as server, opened(allow=server.host) as client:
            outcome, _ = await refusal(client, f"http://{server.host}/")
        assert outcome == "too_large"

    async def test_gzip_bomb_costs_no_memory(self) -> None:
        bomb = gzip.compress(bytes(200_000_000), 9)
        limits = replace(LIMITS, max_bytes=10_000_000, total_seconds=15)

        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            answer(writer, body=bomb, Content_Encoding="gzip")

        async with serving(handler) as server, opened(limits, allow=server.host) as client:
            tracemalloc.start()
            try:
                outcome, _ = await refusal(client, f"http://{server.host}/")
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert outcome == "too_large"
        assert peak < 30_000_000

    async def test_gzip_is_undone(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            answer(writer, body=gzip.compress(b"image"), Content_Encoding="gzip")

        async with serving(handler) as server, opened(allow=server.host) as client:
            assert (await client.fetch(f"http://{server.host}/")).body == b"image"

    @pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "gzip"])
    async def test_other_encodings_are_refused(self, encoding: str) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            answer(writer, body=b"no gzip", Content_Encoding=encoding)

        async with serving(handler) as server, opened(allow=server.host) as client:
            outcome, _ = await refusal(client, f"http://{server.host}/")
        assert outcome == "undecodable"

    async def test_one_byte_at_a_time_ends_at_the_deadline(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            answer(writer, Content_Length="1000")
            for _byte in range(1000):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)

        limits = replace(LIMITS, total_seconds=0.3, attempts=1)
        async with serving(handler) as server, opened(limits, allow=server.host) as client:
            outcome, detail = await refusal(client, f"http://{server.host}/")
        assert (outcome, detail) == ("timeout", "no complete answer within 0.3 s")

    async def test_silence_ends_at_the_idle_limit(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            answer(writer, Content_Length="10")

        limits = replace(LIMITS, idle_seconds=0.1, attempts=1)
        async with serving(handler) as server, opened(limits, allow=server.host) as client:
            outcome, _ = await refusal(client, f"http://{server.host}/")
        assert outcome == "timeout"

    async def test_what_is_not_http_is_a_network_error(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

        async with serving(handler) as server, opened(allow=server.host) as client:
            outcome, _ = await refusal(client, f"http://{server.host}/")
        assert outcome == "network_error"


class TestRetries:
    @pytest.mark.parametrize(
        ("status", "outcome", "hits"),
        [
            (500, "http_5xx", 3), (503, "http_5xx", 3), (429, "rate_limited", 3),
            (404, "http_404", 1), (401, "http_error", 1), (403, "http_error", 1),
            (410, "http_error", 1),
        ],
    )  # fmt: skip
    async def test_only_what_may_pass_is_tried_three_times(
        self, status: int, outcome: str, hits: int
    ) -> None:
        async with serving(answering((status, {}))) as server, opened(allow=server.host) as client:
            found, detail = await refusal(client, f"http://{server.host}/")
        assert (found, detail) == (outcome, f"status {status}")
        assert len(server.requests) == hits

    async def test_a_later_answer_counts(self) -> None:
        handler = answering((429, {"Retry_After": "0"}), (500, {}), (200, {}))
        async with serving(handler) as server, opened(allow=server.host) as client:
            fetched = await client.fetch(f"http://{server.host}/")
        assert (fetched.body, fetched.attempts) == (b"body", 3)

    @pytest.mark.parametrize("unit", ["seconds", "date"])
    async def test_retry_after_is_waited_for(self, unit: str) -> None:
        later = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        handler = answering((503, {"Retry_After": "1" if unit == "seconds" else later}), (200, {}))
        started = asyncio.get_running_loop().time()
        async with serving(handler) as server, opened(allow=server.host) as client:
            await client.fetch(f"http://{server.host}/")
        assert asyncio.get_running_loop().time() - started >= 0.9

    async def test_too_long_a_retry_after_is_final(self) -> None:
        handler = answering((429, {"Retry_After": "31"}))
        async with serving(handler) as server, opened(allow=server.host) as client:
            outcome, _ = await refusal(client, f"http://{server.host}/")
        assert outcome == "rate_limited"
        assert len(server.requests) == 1

    async def test_each_retry_is_one_warning(self, warnings: list[dict[str, Any]]) -> None:
        async with serving(answering((500, {}))) as server, opened(allow=server.host) as client:
            await refusal(client, f"http://{server.host}/secret?token=1")
        assert [(line["attempt"], line["host"], line["error"]) for line in warnings] == [
            ("1/3", "127.0.0.1", "http_5xx"),
            ("2/3", "127.0.0.1", "http_5xx"),
        ]

    @pytest.fixture
    def warnings(self) -> Iterator[list[dict[str, Any]]]:
        lines: list[dict[str, Any]] = []
        sink = logger.add(
            lambda message: lines.append(message.record["extra"]),
            filter=lambda record: record["level"].name == "WARNING",
        )
        yield lines
        logger.remove(sink)


class TestManners:
    @pytest.mark.parametrize(
        "headers",
        [
            {"X_Robots_Tag": "noai"}, {"X_Robots_Tag": "noimageai"}, {"X_Robots_Tag": "NoIndex"},
            {"X_Robots_Tag": "nofollow, noai"}, {"X_Robots_Tag": "pixcrawler: noai"},
            {"X_Robots_Tag": "none"}, {"TDM_Reservation": "1"},
        ],
    )  # fmt: skip
    async def test_opting_out_is_honoured(self, headers: dict[str, str]) -> None:
        async with (
            serving(answering((200, headers))) as server,
            opened(allow=server.host) as client,
        ):
            outcome, _ = await refusal(client, f"http://{server.host}/")
        assert outcome == "opted_out"

    @pytest.mark.parametrize(
        "headers",
        [
            {"X_Robots_Tag": "otherbot: noai"}, {"X_Robots_Tag": "max-image-preview: large"},
            {"X_Robots_Tag": "all"}, {"TDM_Reservation": "0"},
        ],
    )  # fmt: skip
    async def test_other_directives_mean_nothing(self, headers: dict[str, str]) -> None:
        async with (
            serving(answering((200, headers))) as server,
            opened(allow=server.host) as client,
        ):
            assert (await client.fetch(f"http://{server.host}/")).body == b"body"

    async def test_request_says_who_asks_and_keeps_no_cookie(self) -> None:
        handler = answering((200, {"Set_Cookie": "a=b"}))
        async with serving(handler) as server, opened(allow=server.host) as client:
            for _ in range(2):
                await client.fetch(f"http://{server.host}/")
        assert all("user-agent: Test/1" in head for head in server.requests)
        assert not any("cookie" in head.lower() for head in server.requests)

    async def test_a_host_is_asked_for_two_at_a_time(self) -> None:
        now, most = 0, 0

        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.02)
            now -= 1
            answer(writer)

        limits = replace(LIMITS, per_host=2)
        async with serving(handler) as server, opened(limits, allow=server.host) as client:
            await asyncio.gather(*(client.fetch(f"http://{server.host}/{n}") for n in range(8)))
        assert most == 2
