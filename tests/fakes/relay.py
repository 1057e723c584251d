"""A port before another one, whose wire can be cut or fall silent."""

import asyncio
from contextlib import suppress

from scripts.devhost.stack.ports import is_free, random_ports


class Relay:
    """Passes on what comes, until it is told to do otherwise."""

    def __init__(self, target: int) -> None:
        self.port = next(filter(is_free, random_ports()))
        self._target = target
        self._silent = False
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None] | None] = set()

    async def mend(self) -> None:
        """Passes on again; connections from before are reset."""
        self._reset()
        self._silent = False
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    def cut(self) -> None:
        """Refuses connections and resets those there are."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._reset()

    def fall_silent(self) -> None:
        """Accepts connections, keeps those there are, and passes on nothing."""
        self._silent = True

    async def close(self) -> None:
        """Ends for good."""
        self.cut()
        await asyncio.gather(*(task for task in self._tasks if task), return_exceptions=True)

    def _reset(self) -> None:
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            ends = {writer, far_writer}
            self._ends |= ends
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
            self._ends -= ends

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if not self._silent:
                    writer.write(data)
                    await writer.drain()
        writer.close()
