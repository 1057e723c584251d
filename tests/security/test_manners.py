"""Manners towards hosts: their pace and their rest."""

import asyncio
import re
import time
from dataclasses import replace

import pytest

from shared.fetch.hosts import Hosts
from tests.fakes.raw_http import LIMITS, Names, answer, answering, opened, refusal, serving


class TestHosts:
    async def test_requests_keep_their_distance(self) -> None:
        times: list[float] = []

        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            times.append(time.monotonic())
            answer(writer)

        limits = replace(LIMITS, host_spacing_seconds=0.1)
        async with serving(handler) as server, opened(limits, allow=server.host) as client:
            await asyncio.gather(*(client.fetch(f"http://{server.host}/{n}") for n in range(4)))
        assert times[-1] - times[0] > 0.15  # asked at their distance, seen a little later

    async def test_whoever_waits_is_in_nobodys_way(self) -> None:
        """A resting host, and one that never answers: others are fetched at once."""
        never = asyncio.Event()

        async def silent(_: str, __: asyncio.StreamWriter) -> None:
            await never.wait()

        limits = replace(LIMITS, connections=3, per_host=2, total_seconds=20, idle_seconds=20)
        busy = answering((429, {"Retry-After": "20"}))
        async with (
            serving(silent) as slow,
            serving(busy) as resting,
            serving(answering((200, {}))) as good,
        ):
            named = {f"{n}.example:{s.host.partition(':')[2]}": s for n, s in
                     (("slow", slow), ("resting", resting), ("good", good))}  # fmt: skip
            allow = (*named, *(server.host for server in named.values()))
            async with opened(limits, allow=allow, resolver=Names("127.0.0.1")) as client:
                *others, well = named
                waiting = [
                    asyncio.create_task(client.fetch(f"http://{host}/{n}"))
                    for host in others
                    for n in range(5)
                ]
                async with asyncio.timeout(10):
                    for number in range(20):
                        await client.fetch(f"http://{well}/{number}")
                for task in waiting:
                    task.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
            never.set()
        assert len(slow.requests) == 2
        assert len(resting.requests) <= 2

    async def test_rest_is_for_all_who_ask_the_host(self) -> None:
        times: list[float] = []

        async def handler(path: str, writer: asyncio.StreamWriter) -> None:
            times.append(time.monotonic())
            answer(writer, 200 if times[1:] else 429, Retry_After="1")

        limits = replace(LIMITS, per_host=1)
        async with serving(handler) as server, opened(limits, allow=server.host) as client:
            await asyncio.gather(*(client.fetch(f"http://{server.host}/{n}") for n in range(3)))
        assert len(times) == 4
        assert all(later - times[0] > 0.9 for later in times[1:])

    async def test_a_long_rest_is_kept_without_asking(self) -> None:
        handler = answering((503, {"Retry-After": "600"}))
        async with serving(handler) as server, opened(allow=server.host) as client:
            assert (await refusal(client, f"http://{server.host}/1"))[0] == "http_5xx"
            outcome, detail = await refusal(client, f"http://{server.host}/2")
        assert outcome == "rate_limited"
        assert re.fullmatch(r"the host asked to be left alone for (600|59\d) s more", detail)
        assert len(server.requests) == 1

    async def test_who_waits_for_a_turn_learns_of_a_long_rest(self) -> None:
        handler = answering((429, {"Retry-After": "600"}))
        limits = replace(LIMITS, per_host=1)
        async with serving(handler) as server, opened(limits, allow=server.host) as client:
            urls = [f"http://{server.host}/{n}" for n in range(5)]
            refused = await asyncio.gather(*(refusal(client, url) for url in urls))
        assert {outcome for outcome, _ in refused} == {"rate_limited"}
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        "asked", ["Mon, 01 Jan 2020 00:00:00 +99999999999999999999", "soon", "-1", "", "1e400"]
    )
    async def test_a_rest_that_nobody_understands_is_none(self, asked: str) -> None:
        handler = answering((503, {"Retry-After": asked}))
        async with serving(handler) as server, opened(allow=server.host) as client:
            assert (await refusal(client, f"http://{server.host}/1"))[0] == "http_5xx"

    async def test_forgets_hosts_that_nobody_needs(self) -> None:
        hosts = Hosts(1)
        hosts.rest("resting", 100)
        async with hosts.turn("used"):
            for number in range(3_000):
                async with hosts.turn(str(number)):
                    pass
            assert len(hosts._hosts) < 1_100
            assert "resting" in hosts._hosts
            assert "used" in hosts._hosts


class TestDownload:
    async def test_counts_until_it_was_looked_at(self) -> None:
        limits = replace(LIMITS, connections=1)
        async with (
            serving(answering((200, {}))) as server,
            opened(limits, allow=server.host) as client,
        ):
            url = f"http://{server.host}/"
            async with client.download(url) as fetched:
                other = asyncio.create_task(client.fetch(url))
                done, _ = await asyncio.wait([other], timeout=0.2)
                assert fetched.body == b"body"
                assert not done
            assert (await other).body == b"body"

    @pytest.mark.parametrize("status", [404, 500])
    async def test_failures_give_their_place_back(self, status: int) -> None:
        limits = replace(LIMITS, connections=1)
        handler = answering((status, {}))
        async with (
            asyncio.timeout(5),
            serving(handler) as server,
            opened(limits, allow=server.host) as client,
        ):
            for _ in range(3):
                await refusal(client, f"http://{server.host}/")
