"""robots.txt: read once a host, kept, and obeyed where it decides."""

import asyncio
import time

import pytest

from shared.fetch import robots
from tests.fakes.raw_http import Handler, Server, answer, answering, opened, refusal, serving


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
