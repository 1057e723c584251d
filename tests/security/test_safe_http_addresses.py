"""Fetching from hostile addresses. Nothing here dials outside loopback."""

import asyncio
import socket
from asyncio.selector_events import BaseSelectorEventLoop
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.certificates import self_signed
from tests.fakes.raw_http import Names, answer, answering, opened, refusal, serving

PUBLIC = "93.184.215.14"
# Where nobody may be led: not by an image URL, not by a redirect, not by a robots.txt.
FORBIDDEN = [
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/",
    "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://①②⑦.0.0.1/", "http://0.0.0.0/",
    "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:7f00:1::]/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/",
    "http://[fd00::1]/", "http://[ff02::1]/", "http://169.254.169.254/metadata/instance",
    "http://168.63.129.16/machine", "http://10.1.2.3/", "http://172.16.0.1/",
    "http://192.168.1.1/", "http://100.64.0.1/", "http://224.0.0.1/",
    "http://255.255.255.255/", "http://[1::1]/", "http://[4000::1]/", "http://198.18.0.1/",
    "http://user@example.com/", "http://user:secret@example.com/",
    "http://example.com@127.0.0.1/", "http://127.0.0.1\\@example.com/",
    "http://example.com:22/", "http://example.com:6379/", "http://example.com:10000/",
    "http://example.com:8080/", "http://example.com:99999/",
    "file:///etc/passwd", "gopher://example.com/", "data:image/png;base64,AAAA",
    "ftp://example.com/", "http://exa mple.com/", "http://example.com/\r\nHost: internal",
]  # fmt: skip
NO_ADDRESS = ["//example.com/", "example.com", "", "http://", "http:///a"]
# Refused already by who reads the header.
UNREADABLE = ["http://0177.0.0.1/", "http://①②⑦.0.0.1/"]


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


class TestAddresses:
    @pytest.mark.parametrize("url", [*FORBIDDEN, *NO_ADDRESS])
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

    async def test_names_are_looked_up_before_they_are_judged(self, dialled: list[str]) -> None:
        async with opened() as client:
            outcome, _ = await refusal(client, "http://localhost/")
        assert outcome == "blocked_address"
        assert dialled == []

    @pytest.mark.parametrize(
        "address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"]
    )
    async def test_public_address_is_dialled(self, dialled: list[str], address: str) -> None:
        async with opened(resolver=Names(address)) as client:
            outcome, _ = await refusal(client, "http://example.com/")
        assert outcome == "network_error"
        assert set(dialled) == {address}

    async def test_rebinding_never_reaches_loopback(self, dialled: list[str]) -> None:
        async with opened(resolver=Names(PUBLIC, "127.0.0.1")) as client:
            for _ in range(100):
                await refusal(client, "http://rebind.example/")
        assert set(dialled) == {PUBLIC}

    @pytest.mark.parametrize("variable", ["IDENTITY_ENDPOINT", "MSI_ENDPOINT", "IMDS_ENDPOINT"])
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


class TestForms:
    """URLs pass two parsers; where these differ, one reading of the URL is asked for."""

    @pytest.mark.parametrize(
        ("written", "asked"),
        [
            ("/%7euser", "/~user"), ("/a|b", "/a%7Cb"), ("/é", "/%C3%A9"), ("/%e9", "/%E9"),
            ("/a%2fb", "/a%2Fb"), ("/%zz", "/%25zz"), ("/a/../b", "/b"), ("/a\\b", "/a%5Cb"),
            ("//a", "//a"), ("/?q=a+b%20c%2Bd", "/?q=a+b%20c%2Bd"), ("/?a=%26&b", "/?a=%26&b"),
            ("/?q='<>", "/?q='%3C%3E"), ("/?", "/"), ("/a?b#c", "/a?b"), ("?q", "/?q"),
        ],
    )  # fmt: skip
    async def test_path(self, written: str, asked: str) -> None:
        async with serving(answering((200, {}))) as server, opened(allow=server.host) as client:
            await client.fetch(f"http://{server.host}{written}")
        assert server.requests[0].startswith(f"GET {asked} HTTP/1.1\r\n")

    @pytest.mark.parametrize(
        ("written", "asked"),
        [
            ("A.example", "a.example"), ("a.example.", "a.example."),
            ("bücher.example", "xn--bcher-kva.example"), ("faß.example", "xn--fa-hia.example"),
            ("intern。example", "intern.example"), ("xn--a.example", "xn--a.example"),
        ],
    )  # fmt: skip
    async def test_host(self, written: str, asked: str) -> None:
        async with serving(answering((200, {}))) as server:
            port = server.host.partition(":")[2]
            names = written.encode("idna").decode().lower(), asked
            allow = (server.host, *(f"{name}:{port}" for name in names))
            async with opened(allow=allow, resolver=Names("127.0.0.1")) as client:
                await client.fetch(f"http://{written}:{port}/")
        assert f"\r\nhost: {asked}:{port}\r\n" in server.requests[0].lower()

    @pytest.mark.parametrize("host", ["☃.example", "ﬀ.example", "٣.example", "xn--.example"])
    async def test_doubtful_host_is_refused(self, dialled: list[str], host: str) -> None:
        async with opened(resolver=Names(PUBLIC)) as client:
            outcome, _ = await refusal(client, f"http://{host}/")
        assert outcome == "blocked_address"
        assert dialled == []

    @pytest.mark.parametrize(
        ("location", "asked"),
        [
            ("/x?q=a b", "/x?q=a%20b"), ("/caf\xe9.jpg", "/caf%C3%A9.jpg"),
            ("/caf\xc3\xa9.jpg", "/caf%C3%A9.jpg"), ("http:///b", "/b"), ("\\b", "/%5Cb"),
        ],
    )  # fmt: skip
    async def test_location(self, location: str, asked: str) -> None:
        async def handler(path: str, writer: asyncio.StreamWriter) -> None:
            if path == "/":
                head = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n"
                writer.write(head.encode("latin-1"))
            else:
                answer(writer)

        async with serving(handler) as server, opened(allow=server.host) as client:
            await client.fetch(f"http://{server.host}/")
        assert server.requests[1].split()[1] == asked


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
            *(url for url in FORBIDDEN if url not in UNREADABLE),
            "//127.0.0.1:22/", "http://localhost/", "http://intern。example/",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("robots", [False, True], ids=["image", "robots"])
    async def test_target_is_checked_again(
        self, dialled: list[str], target: str, robots: bool
    ) -> None:
        """Also where it is the robots.txt that is redirected, to which nobody would look."""

        async def handler(_: str, writer: asyncio.StreamWriter) -> None:
            writer.write(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\n\r\n".encode())
            writer.close()

        async with (
            serving(handler) as server,
            opened(allow=server.host, resolver=Names("127.0.0.1")) as client,
        ):
            outcome, detail = await refusal(client, f"http://{server.host}/", obey_robots=robots)
        assert outcome == "blocked_address"
        assert detail
        assert dialled == ["127.0.0.1"]
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        "target",
        [
            *UNREADABLE,
            "http://[::1", "http://[v1.a]/", "http://a]b/", "//", "http://%00/", "http://\xff/",
            "http://xn--/", "http://" + "a" * 70 + ".example/", "http://..example/", "http://a:b/",
            "\\\\127.0.0.1\\", "http:127.0.0.1", "x" * 8000,
        ],
    )  # fmt: skip
    async def test_nonsense_is_refused(self, dialled: list[str], target: str) -> None:
        async with (
            serving(answering((302, {"Location": target}))) as server,
            opened(allow=server.host, resolver=Names("127.0.0.1")) as client,
        ):
            outcome, _ = await refusal(client, f"http://{server.host}/")
        # What is read as a path leads to this server again, until there were too many redirects.
        assert outcome in ("blocked_address", "http_error")
        assert set(dialled) == {"127.0.0.1"}
        assert len(dialled) <= len(server.requests)  # each connection was to this server

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
