"""Fetching from hostile servers: lying, endless, slow, failing, unwilling."""

import asyncio
import gzip
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from loguru import logger

from tests.fakes.raw_http import LIMITS, answer, answering, opened, refusal, serving


class TestBodies:
    async def test_declared_size_is_refused_early(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            answer(writer, Content_Length="100001")

        async with serving(handler) as server, opened(allow=server.host) as client:
            outcome, _ = await refusal(client, f"http://{server.host}/")
        assert outcome == "too_large"

    @pytest.mark.parametrize("length", ["9" * 30, "9" * 5000, "-1", "1e3", "٣"])
    async def test_nonsense_about_the_size_is_refused(self, length: str) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
            writer.close()

        async with serving(handler) as server, opened(allow=server.host) as client:
            await refusal(client, f"http://{server.host}/")

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

    async def test_compressed_twice_over_two_lines_is_refused(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            answer(
                writer, body=gzip.compress(b"x"), Content_Encoding="gzip", content_encoding="gzip"
            )

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
        assert (fetched.body, len(server.requests)) == (b"body", 3)

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
            ("1/3", "127.0.0.1", "http_5xx: status 500"),
            ("2/3", "127.0.0.1", "http_5xx: status 500"),
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
            {"X_Robots_Tag": "max-image-preview: large, noai"},
            {"X_Robots_Tag": "pixcrawler: nofollow, noai"},
            {"X_Robots_Tag": "otherbot: nofollow, *: noai"},
            {"X_Robots_Tag": "unavailable_after: Wed, 21 Oct 2026 07:28:00 GMT, noai"},
            {"X_Robots_Tag": "unavailable_after: Wednesday, 21-Oct-26 07:28:00 GMT, noai"},
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
            {"X_Robots_Tag": "otherbot: nofollow, noai"}, {"X_Robots_Tag": "gptbot2: all, noai"},
            {"X_Robots_Tag": "360Spider: all, noai"}, {"X_Robots_Tag": "Other_Bot/1.0: noai"},
            {"X_Robots_Tag": "otherbot: unavailable_after: Wed, 21 Oct 2026 07:28:00 GMT, noai"},
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

    async def test_etag_of_any_bytes_is_text_that_can_be_asked_with(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            lines = 'HTTP/1.1 200 OK\r\nETag: "é"\r\nContent-Length: 0\r\n\r\n'
            writer.write(lines.encode("latin-1"))

        async with serving(handler) as server, opened(allow=server.host) as client:
            url = f"http://{server.host}/"
            etag = (await client.fetch(url)).headers["etag"]
            async with client.download(url, etag=etag) as fetched:
                assert fetched.body == b""
        assert etag == '"é"'
        assert 'if-none-match: "é"' in server.requests[1]

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

    async def test_waiting_for_a_turn_is_not_the_hosts_delay(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.3)
            answer(writer, body=b"body")

        limits = replace(LIMITS, connections=1, total_seconds=3, attempts=1)
        async with serving(handler) as server, opened(limits, allow=server.host) as client:
            urls = [f"http://{server.host}/{n}" for n in range(12)]
            fetched = await asyncio.gather(*map(client.fetch, urls))
        assert [one.body for one in fetched] == [b"body"] * 12
