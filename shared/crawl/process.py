"""Processing a chunk: download, judge and store its candidates side by side, then settle them."""

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass

from shared.crawl import repo
from shared.crawl.model import Chunk, ChunkCandidate, Examined, ImageFacts
from shared.crawl.orphans import delete_orphans
from shared.crawl.settle import settle_chunk
from shared.imaging.judge import Rejection, judge
from shared.platform.blob import BlobStore
from shared.platform.db import Database
from shared.platform.errors import Unavailable
from shared.platform.safe_http import FetchRefused, SafeHttp

STOP_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ChunkProcessor:
    """Processes chunks with the process's shared connections."""

    database: Database
    blobs: BlobStore
    http: SafeHttp
    in_flight: int
    deadline_seconds: float

    async def process(self, chunk_id: int) -> dict[str, object]:
        """``{"status": completed|failed|cancelled, "stored": int}`` of the chunk.

        Raises:
            Unavailable: database or blob storage do not answer; the chunk may be tried again.
        """
        async with self.database.transaction() as transaction:
            chunk = await repo.claim_chunk(transaction, chunk_id)
        if chunk is None:
            return {"status": "cancelled", "stored": 0}
        examined = await self._examine_all(chunk)
        async with self.database.transaction() as transaction:
            result = await settle_chunk(transaction, chunk, examined)
        if result["status"] == "cancelled":
            blobs = [item.image.blob_name for item in examined if item.image]
            await delete_orphans(self.database, self.blobs, chunk.job_id, blobs)
        return result

    async def _examine_all(self, chunk: Chunk) -> list[Examined]:
        """Every candidate's result; what the deadline or a stop cuts off counts as timed out."""
        slots = asyncio.Semaphore(self.in_flight)
        tasks = [
            asyncio.create_task(self._examine(chunk.job_id, candidate, slots))
            for candidate in chunk.candidates
        ]
        watch = asyncio.create_task(self._cancel_when_stopped(chunk, tasks))
        try:
            await asyncio.wait(
                tasks, timeout=self.deadline_seconds, return_when=asyncio.FIRST_EXCEPTION
            )
        finally:
            for task in (watch, *tasks):
                task.cancel()
            await asyncio.gather(watch, *tasks, return_exceptions=True)
        return [
            Examined(candidate.id, "timeout", "the chunk's time was up")
            if task.cancelled()
            else task.result()
            for candidate, task in zip(chunk.candidates, tasks, strict=True)
        ]

    async def _examine(
        self, job_id: int, candidate: ChunkCandidate, slots: asyncio.Semaphore
    ) -> Examined:
        async with slots:
            try:
                fetched = await self.http.fetch(candidate.url)
            except FetchRefused as refused:
                return Examined(candidate.id, refused.outcome, refused.detail)
            judged = await asyncio.to_thread(judge, fetched.body)
            if isinstance(judged, Rejection):
                return Examined(candidate.id, judged.outcome, judged.detail)
            sha256 = hashlib.sha256(fetched.body).hexdigest()
            image = ImageFacts(
                sha256=sha256,
                phash=judged.phash,
                format=judged.format,
                width=judged.width,
                height=judged.height,
                size=len(fetched.body),
                blob_name=f"jobs/{job_id}/images/{sha256}.{judged.format}",
            )
            await self.blobs.put(image.blob_name, fetched.body, f"image/{judged.format}")
            return Examined(candidate.id, image=image)

    async def _cancel_when_stopped(self, chunk: Chunk, tasks: list[asyncio.Task[Examined]]) -> None:
        wanted = True
        while wanted:
            await asyncio.sleep(STOP_POLL_SECONDS)
            with contextlib.suppress(Unavailable):
                async with self.database.transaction() as transaction:
                    wanted = await repo.is_wanted(transaction, chunk)
        for task in tasks:
            task.cancel()
