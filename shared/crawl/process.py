"""Processing a chunk: download, judge and store its candidates side by side, then settle them."""

import asyncio
import contextlib
import hashlib
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from shared.crawl import repo
from shared.crawl.filters import JobFilters
from shared.crawl.model import (
    INTERNAL_ERROR,
    OVER_QUOTA,
    Chunk,
    ChunkCandidate,
    Examined,
    ImageFacts,
)
from shared.crawl.orphans import delete_orphans
from shared.crawl.settle import settle_chunk
from shared.crawl.steps import ChunkResult
from shared.fetch.safe_http import UNCHANGED, FetchRefused, SafeHttp
from shared.imaging.judge import Judged, Rejection, judge, sniff
from shared.imaging.location import without_location
from shared.imaging.rules import Rules
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Database
from shared.platform.errors import Archived, NotFound, Unavailable
from shared.platform.observe.logging import get_logger
from shared.sources.registry import ROBOTS_DECIDE
from shared.sources.uploaded import blob_of

log = get_logger(__name__)

STOP_POLL_SECONDS = 1.0
LONGEST_ETAG = 200
_KNOWN_AT_ONCE: Final = 4  # bodies of known images that a chunk holds in memory


@dataclass(frozen=True, slots=True)
class ChunkProcessor:
    """Processes chunks with the process's shared connections."""

    database: Database
    blobs: BlobStore
    http: SafeHttp
    judges: Executor
    deadline_seconds: float

    async def process(self, chunk_id: int) -> ChunkResult:
        """How the chunk has ended.

        Raises:
            Unavailable: database or blob storage do not answer; the chunk may be tried again.
        """
        async with self.database.transaction() as transaction:
            chunk = await repo.claim_chunk(transaction, chunk_id)
        if chunk is None:
            return ChunkResult("cancelled")
        examined = await self._examine_all(chunk)
        async with self.database.transaction() as transaction:
            result = await settle_chunk(transaction, chunk, examined)
        if result.status == "cancelled":
            blobs = [item.image.blob_name for item in examined if item.image]
            await delete_orphans(self.database, self.blobs, chunk.job_id, blobs)
        return result

    async def _examine_all(self, chunk: Chunk) -> list[Examined]:
        """Every candidate's result, also of those that the deadline or a stop has cut off."""
        examination = Examination(chunk.job_id, chunk.filters, self.blobs, self.http, self.judges)
        started = asyncio.get_running_loop().time()
        tasks = [asyncio.create_task(examination.examine(c)) for c in chunk.candidates]
        over = asyncio.Event()
        watch = asyncio.create_task(self._until_unwanted(chunk, over))
        everything = asyncio.gather(*tasks)
        try:
            await asyncio.wait(
                (everything, watch),
                timeout=self.deadline_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            unwanted = watch.done() and watch.result() is None
        finally:
            over.set()
            everything.cancel()
            watch.cancel()
            await asyncio.gather(everything, watch, *tasks, return_exceptions=True)
        return [
            self._cut_off(candidate, examination.refused, started, unwanted=unwanted)
            if task.cancelled()
            else task.result()
            for candidate, task in zip(chunk.candidates, tasks, strict=True)
        ]

    def _cut_off(
        self,
        candidate: ChunkCandidate,
        refused: Mapping[int, FetchRefused],
        started: float,
        *,
        unwanted: bool,
    ) -> Examined:
        """What becomes of a candidate that the chunk has not come to, or not to its end.

        Only one that was never refused goes to another chunk: so each chunk brings the job
        forward, and no URL is asked for again and again.
        """
        if unwanted:
            return Examined(candidate.id, OVER_QUOTA, "the keyword has its images")
        if last := refused.get(candidate.id):
            return Examined(candidate.id, last.outcome, last.detail)
        if blob_of(candidate.url) or self.http.has_answered(candidate.url, since=started):
            return Examined(candidate.id)  # its host is slow, but it comes to everybody's turn
        return Examined(candidate.id, "timeout", "its host has answered nobody in all that time")

    async def _until_unwanted(self, chunk: Chunk, over: asyncio.Event) -> None:
        """Returns when the job has stopped, or has all images of the chunk's keyword.

        Or when it is ``over``: up to Python 3.11 a cancellation is lost when it comes in the moment
        in which the pool has a connection.
        """
        wanted = True
        while wanted and not over.is_set():
            await asyncio.sleep(STOP_POLL_SECONDS)
            with contextlib.suppress(Unavailable):
                async with self.database.transaction() as transaction:
                    wanted = await repo.is_wanted(transaction, chunk)


class Examination:
    """Looks at candidates of one job, as its filters say."""

    def __init__(
        self, job_id: int, filters: JobFilters, blobs: BlobStore, http: SafeHttp, judges: Executor
    ) -> None:
        self._job_id = job_id
        self._filters = filters
        self._rules: Rules = filters.rules()
        self._blobs = blobs
        self._http = http
        self._judges = judges
        # Why each candidate that could not be had at the first try was refused last.
        self.refused: dict[int, FetchRefused] = {}
        self._known = asyncio.Semaphore(_KNOWN_AT_ONCE)

    async def examine(self, candidate: ChunkCandidate) -> Examined:
        """Facts of a good image, which is then in blob storage, or why there is none.

        Raises:
            Unavailable: blob storage does not answer.
        """
        try:
            return await self._examine(candidate)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - no single file may end a job
            log.opt(exception=True).error("a candidate was more than we can deal with")
            return Examined(candidate.id, INTERNAL_ERROR, type(error).__name__)

    async def _examine(self, candidate: ChunkCandidate) -> Examined:
        if not self._filters.allows_license(candidate.license):
            return Examined(candidate.id, "filtered", f"licence {candidate.license}")
        if blob_name := blob_of(candidate.url):
            return await self._examine_uploaded(candidate, blob_name)
        etag = None if self._filters.keep_location else candidate.known_etag
        download = self._http.download(
            candidate.url,
            obey_robots=candidate.engine in ROBOTS_DECIDE,
            etag=etag,
            on_retry=partial(self.refused.__setitem__, candidate.id),
        )
        try:
            # Until its end the download counts as a connection: bodies do not pile up in memory.
            async with download as fetched:
                etag = fetched.headers.get("etag")
                return await self._examine_body(candidate, fetched.body, etag)
        except FetchRefused as refused:
            if refused.outcome == UNCHANGED:
                return await self._examine_known(candidate)
            return Examined(candidate.id, refused.outcome, refused.detail)

    async def _examine_uploaded(self, candidate: ChunkCandidate, blob_name: str) -> Examined:
        """The picture that the user has uploaded."""
        async with self._known:
            try:
                body = await self._blobs.get(blob_name)
            except NotFound:
                return Examined(candidate.id, "http_404", "its upload was deleted")
            return await self._examine_body(candidate, body, None)

    async def _examine_known(self, candidate: ChunkCandidate) -> Examined:
        """The image as another job has stored it; downloaded if that was deleted or archived."""
        async with self._known:
            with contextlib.suppress(NotFound, Archived):
                body = await self._blobs.get(candidate.known_blob or "")
                return await self._examine_body(candidate, body, candidate.known_etag)
        return await self._examine(replace(candidate, known_etag=None))

    async def _examine_body(
        self, candidate: ChunkCandidate, body: bytes, etag: str | None
    ) -> Examined:
        loop = asyncio.get_running_loop()
        judged, body = await loop.run_in_executor(self._judges, self._judge, body)
        if isinstance(judged, Rejection):
            return Examined(candidate.id, judged.outcome, judged.detail)
        sha256 = hashlib.sha256(body).hexdigest()
        image = ImageFacts(
            sha256=sha256,
            phash=judged.phash,
            format=judged.format,
            width=judged.width,
            height=judged.height,
            size=len(body),
            blob_name=f"jobs/{self._job_id}/images/{sha256}.{judged.format}",
            etag=etag if etag and len(etag) <= LONGEST_ETAG else None,
        )
        with contextlib.suppress(Archived):  # then it is there: its name is a hash of its bytes
            await self._blobs.put(image.blob_name, body, f"image/{judged.format}")
        return Examined(candidate.id, image=image)

    def _judge(self, body: bytes) -> tuple[Judged | Rejection, bytes]:
        """What the bytes are worth, and what of them is stored; costs CPU.

        The stored bytes are judged: broken metadata goes with the location, and its orientation.
        """
        if not self._filters.keep_location:
            body = without_location(body, sniff(body))
        return judge(body, self._rules), body
