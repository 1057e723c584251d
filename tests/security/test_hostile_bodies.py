"""What a hostile body costs at the limits of the product, in a process that does nothing else."""

import asyncio
import gzip
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from shared.fetch.safe_http import FetchLimits
from shared.fetch.settings import FetchSettings
from tests.fakes.raw_http import answer, serving
from tests.scale import sized

PROGRAM = """
import asyncio, json, sys, time
from pathlib import Path
from shared.fetch.safe_http import FetchLimits, FetchRefused, SafeHttp

def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

async def main(host, limits):
    client = SafeHttp(FetchLimits(**limits), user_agent="Test/1", allowed_hosts=frozenset([host]))
    await client.fetch(f"http://{host}/small")
    before, started, outcome = peak(), time.monotonic(), "taken"
    try:
        await client.fetch(f"http://{host}/hostile")
    except FetchRefused as refused:
        outcome = refused.outcome
    print(json.dumps([outcome, time.monotonic() - started, peak() - before]))
    await client.aclose()

asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
"""
MOST_BYTES = 10 * 1024 * 1024
MOST_SECONDS = 15
# Asked once: another try is another fetch, with limits of its own.
LIMITS = replace(FetchLimits(), attempts=1)


Hostile = Callable[[asyncio.StreamWriter], Awaitable[None]]


def test_the_limits_are_those_of_the_product() -> None:
    assert (LIMITS.max_bytes, LIMITS.total_seconds) == (MOST_BYTES, MOST_SECONDS)
    assert FetchSettings().crawl_timeout_seconds == MOST_SECONDS


def head(writer: asyncio.StreamWriter, *lines: str) -> None:
    writer.write("\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode())


async def endless(writer: asyncio.StreamWriter) -> None:
    head(writer, "Connection: close")
    while True:
        writer.write(bytes(1 << 16))
        await writer.drain()


async def endless_chunks(writer: asyncio.StreamWriter) -> None:
    head(writer, "Transfer-Encoding: chunked")
    while True:
        writer.write(b"10000\r\n" + bytes(1 << 16) + b"\r\n")
        await writer.drain()


async def declares_a_little(writer: asyncio.StreamWriter) -> None:
    head(writer, "Content-Length: 5")
    for _ in range(1_000):
        writer.write(bytes(1 << 16))
        await writer.drain()


async def declares_too_much(writer: asyncio.StreamWriter) -> None:
    head(writer, f"Content-Length: {MOST_BYTES + 1}")


async def declares_more_than_comes(writer: asyncio.StreamWriter) -> None:
    head(writer, f"Content-Length: {MOST_BYTES}")
    writer.write(bytes(MOST_BYTES - 1))
    writer.close()


async def bomb(writer: asyncio.StreamWriter) -> None:
    """A thousand times as large once it is decompressed."""
    answer(writer, body=gzip.compress(bytes(200_000_000), 9), Content_Encoding="gzip")


async def trickle(writer: asyncio.StreamWriter) -> None:
    """Byte by byte, for ever: one a second at full scale."""
    head(writer, f"Content-Length: {MOST_BYTES}")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(sized(1, 10) / 10)


async def cost(hostile: Hostile, limits: FetchLimits) -> tuple[str, float, int]:
    """Outcome, seconds and kilobytes of memory of fetching the hostile body."""

    async def handler(path: str, writer: asyncio.StreamWriter) -> None:
        await hostile(writer) if path == "/hostile" else answer(writer, body=b"small")

    async with serving(handler) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, server.host, json.dumps(asdict(limits)),
            cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await process.communicate()
    outcome, seconds, kilobytes = json.loads(said)
    return outcome, seconds, kilobytes


@pytest.mark.parametrize(
    ("hostile", "expected"),
    [
        (endless, "too_large"),
        (endless_chunks, "too_large"),
        (declares_a_little, "network_error"),
        (declares_too_much, "too_large"),
        (declares_more_than_comes, "truncated"),
        (bomb, "too_large"),
        (trickle, "timeout"),
    ],
    ids=lambda given: getattr(given, "__name__", given),
)
async def test_a_hostile_body_costs_little(hostile: Hostile, expected: str) -> None:
    waits = sized(2, MOST_SECONDS) if hostile is trickle else MOST_SECONDS
    limits = replace(LIMITS, total_seconds=waits)
    outcome, seconds, kilobytes = await cost(hostile, limits)
    assert outcome == expected
    assert seconds < limits.total_seconds + sized(10, 1)  # others run beside the small number
    assert kilobytes <= 30 * 1024
