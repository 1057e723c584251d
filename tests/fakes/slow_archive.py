"""Before Azurite, which brings archived blobs back at once: an archive that takes its time."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from aiohttp import web

PENDING = b"<ArchiveStatus>rehydrate-pending-to-hot</ArchiveStatus>"
ARCHIVED = b"<AccessTier>Archive</AccessTier>"
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}
Sent = tuple[str, str, dict[str, str], bytes]


class SlowArchive:
    """Passes everything on, but keeps what is asked of the archive until it is told to do it.

    Until then lists say of what is archived that it is being brought back, as Azure does.
    ``tasted``: the blobs of which a byte was read.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.kept: list[Sent] = []
        self.tasted: set[str] = set()
        self._http = httpx.AsyncClient(timeout=60)

    async def give_back(self) -> None:
        """Does what it was asked for."""
        for sent in self.kept:
            (await self._pass_on(sent)).raise_for_status()
        self.kept.clear()

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.aclose()

    async def answer(self, request: web.Request) -> web.Response:
        """The answer of Azurite, or one as Azure would give it."""
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        sent = (request.method, request.raw_path, headers, await request.read())
        if request.query.get("comp") == "batch" and b"x-ms-access-tier" in sent[3]:
            self.kept.append(sent)
            return _accepted(sent[3])
        if headers.get("Range") == "bytes=0-0":
            self.tasted.add(request.path)
        answered = await self._pass_on(sent)
        body = answered.content
        if self.kept and request.query.get("comp") == "list":
            body = body.replace(ARCHIVED, ARCHIVED + PENDING)
        kept = {k: v for k, v in answered.headers.items() if k.lower() not in HOP_BY_HOP}
        return web.Response(status=answered.status_code, body=body, headers=kept)

    async def _pass_on(self, sent: Sent) -> httpx.Response:
        method, path, headers, body = sent
        return await self._http.request(
            method, f"{self.target}{path}", headers=headers, content=body
        )


def _accepted(body: bytes) -> web.Response:
    """202 to each of the requests in a batch."""
    parts = "".join(
        f"--answers\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
        "HTTP/1.1 202 Accepted\r\nx-ms-version: 2020-10-02\r\n\r\n"
        for number in re.findall(r"(?im)^content-id: (\d+)", body.decode())
    )
    return web.Response(
        status=202,
        body=f"{parts}--answers--\r\n".encode(),
        headers={"Content-Type": "multipart/mixed; boundary=answers"},
    )


@asynccontextmanager
async def slow_archive(connection: str) -> AsyncIterator[tuple[SlowArchive, str]]:
    """The archive before an Azurite, and the connection string that leads to it."""
    found = re.search(r"BlobEndpoint=(http://[^/;]+)", connection)
    assert found
    archive = SlowArchive(found[1])
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_route("*", "/{path:.*}", archive.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield archive, connection.replace(found[1], f"http://127.0.0.1:{port}")
    finally:
        await runner.cleanup()
        await archive.close()
