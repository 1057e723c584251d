"""Messages between host and worker: a length, then one serialised FunctionRpc message.

Azure sends the same messages over gRPC. A pair of sockets does it for a tenth of the CPU, and the
worker library sees no difference.
"""

import asyncio
import struct
from collections.abc import Callable
from typing import Final, cast

_LENGTH: Final = struct.Struct("!I")


class FrameConnection(asyncio.Protocol):
    """One end of the socket between host and worker."""

    def __init__(self, on_frame: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for `send`."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Hand over every complete frame."""
        received = self._received
        received += data
        start = 0
        while len(received) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(received, start)
            end = start + _LENGTH.size + length
            if len(received) < end:
                break
            frame = bytes(memoryview(received)[start + _LENGTH.size : end])
            start = end
            self._on_frame(frame)
        if start:
            del received[:start]

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the owner that the other process is gone."""
        self._on_lost()

    def send(self, frame: bytes) -> None:
        """Queue one frame; frames sent after the other side died are dropped."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_LENGTH.pack(len(frame)) + frame)

    def close(self) -> None:
        """End the connection from this side; the owner is told as if the other had ended it."""
        if self._transport is not None:
            self._transport.close()
