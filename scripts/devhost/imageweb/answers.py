"""What the image web answers for a picture, in every way in which the real web does."""

import asyncio
import io
import os
import random
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

from scripts.devhost.imageweb import behaviour
from scripts.devhost.imageweb.formats import MIME
from scripts.devhost.imageweb.model import Candidate, Catalogue

SLOW_SECONDS: Final = 1.0
HANG_SECONDS: Final = 120.0
OVERSIZED_BYTES: Final = 11 * 1024 * 1024
BOMB_SIDE: Final = 20_000
_JPEG_START: Final = bytes.fromhex("ffd8 ffe0 0010 4a46494600 0101 00 0001 0001 00 00")
# Where nothing that downloads pictures has any business: metadata services, private networks,
# and this very machine.
_PRIVATE: Final = (
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://168.63.129.16/machine?comp=goalstate",
    "http://10.0.0.5/photo.jpg",
    "http://127.0.0.1:1/photo.jpg",
)
_PAGE: Final = (
    "<!doctype html><title>Sign in</title><p>Please sign in to see this photograph.</p>"
    + "<!-- padding -->" * 60
)
Answer = Callable[[web.Request, Candidate], Awaitable[web.StreamResponse]]


class Answers:
    """Answers requests for pictures, each in the way of its candidate."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        # The flaky URLs that have said "too many requests" and owe the picture.
        self._owing: set[str] = set()
        self._drawing = asyncio.Lock()
        self._ways: dict[str, Answer] = {
            behaviour.FLAKY: self._flaky,
            behaviour.SLOW: self._slow,
            behaviour.REDIRECT: self._redirect,
            behaviour.TRUNCATED: self._truncated,
            behaviour.OPTED_OUT: self._opted_out,
            "missing": _status(404, "Not found"),
            "page": _body(_PAGE.encode(), "text/html"),
            "disguised_page": _body(_PAGE.encode(), "image/jpeg"),
            "garbage": _garbage,
            "tiny": self._tiny,
            "bomb": self._bomb,
            "private": _private,
            "oversized": _oversized,
            "hanging": _hanging,
            "broken_server": _status(503, "Service unavailable"),
            "always_busy": _status(429, "Too many requests", {"Retry-After": "0"}),
        }

    async def photo(self, request: web.Request) -> web.StreamResponse:
        """The answer under the URL that a search gave."""
        candidate = self._find(request)
        return await self._ways.get(candidate.behaviour, self._plain)(request, candidate)

    async def original(self, request: web.Request) -> web.StreamResponse:
        """Where the redirects lead."""
        return await self._plain(request, self._find(request))

    def _find(self, request: web.Request) -> Candidate:
        candidate = self.catalogue.by_id.get(request.match_info["id"])
        if candidate is None or candidate.format != request.match_info["format"]:
            raise web.HTTPNotFound
        return candidate

    def _content(self, candidate: Candidate) -> bytes:
        return (self.catalogue.directory / candidate.file).read_bytes()

    async def _plain(self, request: web.Request, candidate: Candidate) -> web.Response:
        if not candidate.file:
            raise web.HTTPNotFound
        if candidate.sha1 in (tag.value for tag in request.if_none_match or ()):
            return web.Response(status=304)
        return web.Response(
            body=self._content(candidate),
            content_type=MIME[candidate.format],
            headers={"Cache-Control": "public, max-age=86400", "ETag": f'"{candidate.sha1}"'},
        )

    async def _flaky(self, request: web.Request, candidate: Candidate) -> web.Response:
        if candidate.id in self._owing:
            self._owing.discard(candidate.id)
            return await self._plain(request, candidate)
        self._owing.add(candidate.id)
        return web.Response(status=429, text="Too many requests", headers={"Retry-After": "0"})

    async def _slow(self, request: web.Request, candidate: Candidate) -> web.Response:
        await asyncio.sleep(SLOW_SECONDS)
        return await self._plain(request, candidate)

    async def _redirect(self, _: web.Request, candidate: Candidate) -> web.Response:
        location = f"/originals/{candidate.id}.{candidate.format}"
        return web.Response(status=302, headers={"Location": location})

    async def _truncated(self, _: web.Request, candidate: Candidate) -> web.Response:
        content = self._content(candidate)
        return web.Response(
            body=content[: len(content) * 3 // 5], content_type=MIME[candidate.format]
        )

    async def _opted_out(self, request: web.Request, candidate: Candidate) -> web.Response:
        response = await self._plain(request, candidate)
        response.headers["X-Robots-Tag"] = "noai, noimageai"
        return response

    async def _tiny(self, _: web.Request, __: Candidate) -> web.Response:
        return web.Response(body=_tiny_png(), content_type="image/png")

    async def _bomb(self, _: web.Request, __: Candidate) -> web.Response:
        path = self.catalogue.directory / "bomb.png"
        async with self._drawing:  # it takes a second and 400 MB, once per catalogue
            if not path.exists():
                await asyncio.to_thread(_draw_bomb, path)
        return web.Response(body=path.read_bytes(), content_type="image/png")


def _status(status: int, text: str, headers: dict[str, str] | None = None) -> Answer:
    async def answer(_: web.Request, __: Candidate) -> web.Response:
        return web.Response(status=status, text=text, headers=headers)

    return answer


def _body(content: bytes, kind: str) -> Answer:
    async def answer(_: web.Request, __: Candidate) -> web.Response:
        return web.Response(body=content, content_type=kind)

    return answer


async def _garbage(_: web.Request, candidate: Candidate) -> web.Response:
    """A file that begins and ends like a JPEG, and has no marker between."""
    noise = random.Random(candidate.id).randbytes(20_000)
    content = _JPEG_START + noise.replace(b"\xff", b"\x00") + b"\xff\xd9"
    return web.Response(body=content, content_type="image/jpeg")


async def _private(_: web.Request, candidate: Candidate) -> web.Response:
    location = _PRIVATE[int(candidate.id, 16) % len(_PRIVATE)]
    return web.Response(status=302, headers={"Location": location})


async def _oversized(request: web.Request, _: Candidate) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={"Content-Type": "image/jpeg", "Content-Length": str(OVERSIZED_BYTES)}
    )
    await response.prepare(request)
    await response.write(_JPEG_START)
    left = OVERSIZED_BYTES - len(_JPEG_START)
    while left:
        block = bytes(min(left, 256 * 1024))
        await response.write(block)
        left -= len(block)
    return response


async def _hanging(_: web.Request, __: Candidate) -> web.Response:
    await asyncio.sleep(HANG_SECONDS)
    return web.Response(status=504)


@cache
def _tiny_png() -> bytes:
    from PIL import Image

    noise = random.Random(16).randbytes(16 * 16 * 3)
    file = io.BytesIO()
    Image.frombytes("RGB", (16, 16), noise).save(file, "PNG")
    return file.getvalue()


def _draw_bomb(path: Path) -> None:
    """400 megapixels in some 50 kB; Pillow refuses to open it, so it is written unseen."""
    from PIL import Image

    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    Image.new("1", (BOMB_SIDE, BOMB_SIDE)).save(unfinished, "PNG")
    unfinished.rename(path)
