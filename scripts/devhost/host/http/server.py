"""The server: connections, their requests one after the other, bodies and time limits."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from typing import Final, cast

from scripts.devhost.host.http.framing import encode, encode_refusal
from scripts.devhost.host.http.parsing import (
    FIELDS_LIMIT,
    LINE_LIMIT,
    Refusal,
    parse_head,
    parse_line,
)
from scripts.devhost.host.http.request_and_response import BodyLost, Head, Request, Response
from scripts.devhost.host.log import get_log

Handler = Callable[[Request], Awaitable[Response]]

_KEEP_ALIVE_SECONDS: Final = 130.0
_HEAD_SECONDS: Final = 30.0
_STALL_SECONDS: Final = 5.0  # as long as Kestrel bears a body that does not come
_DRAIN_SECONDS: Final = 5.0
_READ_BYTES: Final = 64 * 1024
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_HEXADECIMAL: Final = re.compile(rb"[0-9A-Fa-f]{1,15}")


class Server:
    """Listens on one address and hands every request to the handler."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._connections: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._log = get_log("http")

    async def start(self, address: str, port: int) -> int:
        """Begin to listen; the port, which is chosen if 0 was given."""
        self._listener = await asyncio.start_server(self._serve, address, port, backlog=1024)
        return int(self._listener.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Take no more connections, and end those that wait for a request."""
        if self._listener is not None:
            self._listener.close()
        for task in list(self._idle):
            task.cancel()

    async def stop(self, grace: float) -> None:
        """End all connections, those at work after a time of grace."""
        self.close()
        if self._connections:
            await asyncio.wait(self._connections, timeout=grace)
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await self._converse(_Connection(reader, writer), task)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(self, connection: "_Connection", task: asyncio.Task[None]) -> None:
        goes_on = True
        while goes_on and self._listener is not None and self._listener.is_serving():
            self._idle.add(task)
            try:
                head = await connection.read_head()
            except Refusal as refusal:
                await connection.write(encode_refusal(refusal.status))
                return
            finally:
                self._idle.discard(task)
            if head is None:
                return
            response = await self._answer(Request(head, connection.read_body))
            parts, goes_on = encode(head, response)
            await connection.write(parts)
            goes_on = await connection.drop_body() and goes_on

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._handler(request)
        except BodyLost:
            return Response(500)
        except Exception:  # noqa: BLE001 - whatever fails, the client gets an answer
            self._log.exception("%s %s failed", request.head.method, request.head.path)
            return Response(500)


class _Connection:
    """The bytes of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._buffer = bytearray()
        self._body: Head | None = None  # the request whose body nobody has read yet
        self._is_whole = True  # all that came has been understood

    async def read_head(self) -> Head | None:
        """The next request's head, or None where the client sends no more."""
        try:
            async with asyncio.timeout(_KEEP_ALIVE_SECONDS):
                while not self._skip_line_ends():
                    if not await self._receive():
                        return None
        except TimeoutError:
            return None
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                head = parse_head(parse_line(await self._read_line()), await self._read_fields())
        except TimeoutError:
            raise Refusal(408) from None
        self._body = head if head.has_body else None
        return head

    def _skip_line_ends(self) -> bool:
        """Whether a request has begun, behind the line ends that may stand before it."""
        while self._buffer.startswith((b"\r", b"\n")):
            del self._buffer[:1]
        return bool(self._buffer)

    async def _read_line(self) -> bytes:
        while (end := self._buffer.find(b"\n", 0, LINE_LIMIT)) < 0:
            if len(self._buffer) >= LINE_LIMIT:
                raise Refusal(414)
            if not await self._receive():
                raise Refusal(400)
        # The line end stays: without header lines it is half of the end of the head.
        line = bytes(self._buffer[:end])
        del self._buffer[:end]
        return line.removesuffix(b"\r")

    async def _read_fields(self) -> bytes:
        while (end := _HEAD_END.search(self._buffer)) is None:
            if len(self._buffer) > FIELDS_LIMIT:
                raise Refusal(431)
            if not await self._receive():
                raise Refusal(400)
        if end.end() - 1 > FIELDS_LIMIT:
            raise Refusal(431)
        fields = bytes(self._buffer[1 : end.end()])
        del self._buffer[: end.end()]
        return fields

    async def read_body(self) -> bytes:
        """The whole body of the request, once; b"" where it has none."""
        head, self._body = self._body, None
        if head is None:
            return b""
        if head.headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            return await self._take_body(head)
        except (TimeoutError, ValueError, ConnectionError):
            self._is_whole = False
            raise BodyLost from None

    async def drop_body(self) -> bool:
        """Pass over a body that nobody has read; whether the connection can go on."""
        head, self._body = self._body, None
        if head is None:
            return self._is_whole
        if "expect" in head.headers:
            return False
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self._take_body(head, keep=False)
        except (TimeoutError, ValueError):
            return False
        return True

    async def _take_body(self, head: Head, *, keep: bool = True) -> bytes:
        if not head.is_chunked:
            return await self._take(head.length or 0, keep=keep)
        body = bytearray()
        while size := _chunk_size(await self._take_line()):
            body += await self._take(size, keep=keep)
            if await self._take_line():
                raise ValueError("a chunk is longer than it says")
        while await self._take_line():  # trailers
            pass
        return bytes(body)

    async def _take_line(self) -> bytes:
        while (end := self._buffer.find(b"\n", 0, LINE_LIMIT)) < 0:
            if len(self._buffer) >= LINE_LIMIT or not await self._receive_body():
                raise ValueError("a line does not end")
        return (await self._take(end + 1)).rstrip(b"\r\n")

    async def _take(self, size: int, *, keep: bool = True) -> bytes:
        """The next bytes, or b"" in their place where nobody wants them."""
        kept = bytearray()
        while size:
            if not self._buffer and not await self._receive_body():
                raise ValueError("the client has gone")
            part = self._buffer[:size]
            del self._buffer[:size]
            size -= len(part)
            if keep:
                kept += part
        return bytes(kept)

    async def _receive_body(self) -> bool:
        async with asyncio.timeout(_STALL_SECONDS):
            return await self._receive()

    async def _receive(self) -> bool:
        received = await self._reader.read(_READ_BYTES)
        self._buffer += received
        return bool(received)

    async def write(self, parts: list[bytes]) -> None:
        """Send the parts, waiting where the client is slow to take them."""
        self._writer.writelines(parts)
        await self._writer.drain()


def _chunk_size(line: bytes) -> int:
    size = line.partition(b";")[0].rstrip(b" \t")
    if not _HEXADECIMAL.fullmatch(size):
        raise ValueError("a chunk has no size")
    return int(size, 16)
