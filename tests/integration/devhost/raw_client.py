"""One request over a socket, byte for byte, and the whole of what comes back."""

import contextlib
import re
import socket
from dataclasses import dataclass, field

_CHUNK = re.compile(rb"([0-9A-Fa-f]+)\r\n")
_UNSEEN = ("date", "server")


@dataclass
class RawResponse:
    """A response as it stood on the wire, without date and server."""

    status_line: str
    headers: list[tuple[str, str]]
    framing: str
    body: bytes
    notes: list[str] = field(default_factory=list)
    closes: bool = False  # after `Connection: close`

    @property
    def status(self) -> int:
        return int(self.status_line.split(" ")[1])

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


def exchange(
    port: int, request: bytes, *, half_close: bool = False, seconds: float = 10
) -> RawResponse | None:
    """The answer to the request; None where it is not whole when the time is over."""
    with socket.create_connection(("127.0.0.1", port), seconds) as client:
        client.sendall(request)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        received = b""
        with contextlib.suppress(TimeoutError):
            while True:
                part = client.recv(1 << 20)
                received += part
                response = parse(received, method=request.partition(b" ")[0], at_end=not part)
                if response is not None:
                    if response.header("connection") == "close":
                        response.closes = client.recv(1) == b""
                    return response
                if not part:
                    break
    return None


def parse(received: bytes, *, method: bytes, at_end: bool) -> RawResponse | None:
    """The response that the bytes hold, if it is whole."""
    notes: list[str] = []
    while True:
        head, blank, rest = received.partition(b"\r\n\r\n")
        if not blank:
            return None
        status_line, *lines = head.decode("latin-1").split("\r\n")
        if not status_line.startswith("HTTP/1.1 "):
            return None  # what follows an answer with a status below 200 is no response
        if not status_line.startswith("HTTP/1.1 1"):
            break
        notes.append(status_line)
        received = rest
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    response = RawResponse(
        status_line, [h for h in headers if h[0].lower() not in _UNSEEN], "none", b"", notes
    )
    length, coding = response.header("content-length"), response.header("transfer-encoding")
    if method == b"HEAD" or response.status in (204, 304):
        return response
    if coding is not None:
        response.framing = "chunked"
        body = _unchunk(rest)
    elif length is not None:
        response.framing = "content-length"
        body = rest[: int(length)] if len(rest) >= int(length) else None
    else:
        response.framing = "until close"
        body = rest if at_end else None
    if body is None:
        return None
    response.body = body
    return response


def _unchunk(rest: bytes) -> bytes | None:
    body = b""
    while (match := _CHUNK.match(rest)) is not None:
        size = int(match[1], 16)
        end = match.end() + size
        if rest[end : end + 2] != b"\r\n":
            return None
        if size == 0:
            return body
        body += rest[match.end() : end]
        rest = rest[end + 2 :]
    return None
