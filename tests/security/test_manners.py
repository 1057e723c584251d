"""Manners towards hosts: their pace, their rest, their robots.txt and their headers."""

import asyncio
import re
import time
from dataclasses import replace

import pytest

from shared.platform import robots
from shared.platform.hosts import Hosts
from tests.fakes.raw_http import (
    LIMITS,
    Handler,
    Names,
    Server,
    answer,
    answering,
    opened,
    refusal,
    serving,
)


def site(text: bytes | int, *, image: Handler | None = None) -> Handler:
    """A server with that robots.txt, or that status for it, and an image at any other path."""

    async def handler(path: str, writer: asyncio.StreamWriter) -> None:
        if path != "/robots.txt":
            await image(path, writer) if image else answer(writer, body=b"body")
        elif isinstance(text, int):
            answer(writer, text)
        else:
            answer(writer, body=text)

    return handler


def paths(server: Server) -> list[str]:
    return [head.split()[1] for head in server.requests]


class TestRobots:
    @pytest.mark.parametrize(
        ("text", "allowed"),
        [
            ("", True),
            ("User-agent: *\nDisallow:", True),
            ("User-agent: *\nDisallow: /", False),
            ("User-agent: *\nDisallow: /private/", True),
            ("User-agent: *\nDisallow: /pictures/", False),
            ("User-agent: *\nDisallow: /pictures/\nAllow: /pictures/1", True),
            ("User-agent: *\nDisallow: /*.jpg$", False),
            ("User-agent: *\nDisallow: /*.png$", True),
            ("User-agent: PixCrawler\nDisallow: /", False),
            ("User-agent: PixCrawler/1.0\nDisallow: /", False),
            ("User-agent: pixcrawlers\nDisallow: /", True),
            ("User-agent: otherbot\nDisallow: /", True),
            ("User-agent: otherbot\nUser-agent: *\nDisallow: /", False),
            ("User-agent: *\nDisallow: /\n\nUser-agent: pixcrawler\nAllow: /", True),
            ("User-agent: *\nAllow: /\n\nUser-agent: pixcrawler # us\nDisallow: /", False),
            ("User-agent: pixcrawler \t# us\nDisallow: /", False),
            ("User-agent: *#all\nDisallow: /", False),
            ("User-agent: other # pixcrawler\nDisallow: /", True),
            ("\ufeffUSER-AGENT: *\r\ndisallow: /", False),
            ("<html><body>Not found</body></html>", True),
        ],
    )  # fmt: skip
    async def test_rules(self, text: str, allowed: bool) -> None:
        async with (
            serving(site(text.encode())) as server,
            opened(allow=server.host) as client,
        ):
            url = f"http://{server.host}/pictures/1.jpg"
            if allowed:
                assert (await client.fetch(url, obey_robots=True)).body == b"body"
                assert paths(server) == ["/robots.txt", "/pictures/1.jpg"]
            else:
                outcome, detail = await refusal(client, url, obey_robots=True)
                assert (outcome, detail) == ("opted_out", "robots.txt disallows it")
                assert paths(server) == ["/robots.txt"]

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
    async def test_no_file_allows_all(self, status: int) -> None:
        async with serving(site(status)) as server, opened(allow=server.host) as client:
            fetched = await client.fetch(f"http://{server.host}/", obey_robots=True)
        assert fetched.body == b"body"
        assert paths(server) == ["/robots.txt", "/"]

    @pytest.mark.parametrize(("status", "outcome"), [(500, "http_5xx"), (429, "rate_limited")])
    async def test_unreadable_file_allows_nothing(self, status: int, outcome: str) -> None:
        async with serving(site(status)) as server, opened(allow=server.host) as client:
            for number in range(2):
                found = await refusal(client, f"http://{server.host}/{number}", obey_robots=True)
                assert found == (outcome, f"robots.txt: status {status}")
        assert paths(server) == ["/robots.txt"] * 3

    async def test_dead_host_allows_nothing(self) -> None:
        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            writer.close()

        async with serving(handler) as server, opened(allow=server.host) as client:
            outcome, detail = await refusal(client, f"http://{server.host}/", obey_robots=True)
        assert outcome == "network_error"
        assert detail.startswith("robots.txt: ")

    async def test_file_is_read_once_for_all(self) -> None:
        async with serving(site(b"")) as server, opened(allow=server.host) as client:
            urls = [f"http://{server.host}/{n}" for n in range(10)]
            await asyncio.gather(*(client.fetch(url, obey_robots=True) for url in urls))
        assert paths(server).count("/robots.txt") == 1

    async def test_who_gives_up_takes_it_from_nobody(self) -> None:
        async with serving(site(b"")) as server, opened(allow=server.host) as client:
            url = f"http://{server.host}/"
            first = asyncio.create_task(client.fetch(url, obey_robots=True))
            other = asyncio.create_task(client.fetch(url, obey_robots=True))
            await asyncio.sleep(0)
            first.cancel()
            assert (await other).body == b"body"
            assert first.cancelled()

    async def test_file_may_be_elsewhere_and_not_for_datasets(self) -> None:
        async def handler(path: str, writer: asyncio.StreamWriter) -> None:
            if path == "/robots.txt":
                answer(writer, 301, Location="/5")
            elif path == "/0":
                answer(writer, body=b"User-agent: *\nDisallow: /secret", X_Robots_Tag="noindex")
            elif len(path) == 2 and path != "/5":
                answer(writer, 302, Location=f"/{int(path[1]) - 1}")
            elif path == "/5":
                answer(writer, 302, Location="/0")
            else:
                answer(writer, body=b"body")

        async with serving(handler) as server, opened(allow=server.host) as client:
            url = f"http://{server.host}/secret"
            assert (await refusal(client, url, obey_robots=True))[0] == "opted_out"

    async def test_where_a_redirect_leads_is_asked_too(self) -> None:
        inner = site(b"User-agent: *\nDisallow: /")
        async with serving(inner) as target:
            outer = site(b"", image=answering((302, {"Location": f"http://{target.host}/1"})))
            async with (
                serving(outer) as server,
                opened(allow=(server.host, target.host)) as client,
            ):
                found = await refusal(client, f"http://{server.host}/", obey_robots=True)
            assert found[0] == "opted_out"
            assert paths(target) == ["/robots.txt"]

    async def test_nobody_asks_for_what_a_source_offers(self) -> None:
        async with (
            serving(site(b"User-agent: *\nDisallow: /")) as server,
            opened(allow=server.host) as client,
        ):
            assert (await client.fetch(f"http://{server.host}/")).body == b"body"
        assert paths(server) == ["/"]

    async def test_inner_addresses_are_refused_before(self) -> None:
        async with opened() as client:
            outcome, _ = await refusal(client, "http://127.0.0.1/", obey_robots=True)
        assert outcome == "blocked_address"

    async def test_endless_file_is_read_so_far(self) -> None:
        async def endless(_: str, writer: asyncio.StreamWriter) -> None:
            writer.write(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nUser-agent: *\nDisallow: /x\n"
            )
            while True:
                writer.write(b"# nothing to see\n" * 1_000)
                await writer.drain()

        async with serving(endless) as server, opened(allow=server.host) as client:
            outcome, _ = await refusal(client, f"http://{server.host}/x", obey_robots=True)
        assert outcome == "opted_out"

    @pytest.mark.parametrize(
        "text",
        [
            "".join(f"User-agent: u{n}\n" for n in range(15_000)) + "Disallow: /1\n" * 20_000,
            "User-agent: *\nDisallow: /" + "*a" * 200_000 + "b\n",
            "User-agent: *\n" + "Disallow: /*a*b*c$\n" * 25_000,
            "User-agent:" * 40_000,
            "User-agent:" + " " * 400_000,
            "User-agent: a" + " " * 40_000 + "b",
            "User-agent: a" + "\t" * 40_000 + "b # c",
        ],
        ids=["agents", "stars", "patterns", "colons", "spaces", "blanks", "tabs"],
    )  # fmt: skip
    async def test_hostile_files_cost_little(self, text: str) -> None:
        files = robots.RobotsFiles(lambda _: _given(text.encode()))
        started = time.process_time()
        assert await files.allow("https://a.example/" + "a" * 3_000)
        assert time.process_time() - started < 2

    async def test_files_are_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        async def read(url: str) -> bytes:
            asked.append(url)
            return b"#" * 300_000

        files = robots.RobotsFiles(read)
        for host in ("a", "b", "a"):
            await files.allow(f"https://{host}.example/")
        assert len(asked) == 2
        for number in range(10):
            await files.allow(f"https://{number}.example/")
        await files.allow("https://a.example/")
        assert len(asked) == 13
        monkeypatch.setattr(robots, "KEPT_SECONDS", -1)
        for _ in range(2):
            await files.allow("https://late.example/")
        assert asked.count("https://late.example/robots.txt") == 2


async def _given(body: bytes) -> bytes:
    return body


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
