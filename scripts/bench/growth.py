"""What the database does for a job that has many images already: chunks, versions, reports."""

import itertools
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import UUID

from shared.crawl import repo, settle_repo
from shared.crawl import service as crawl
from shared.crawl.advance import advance
from shared.crawl.model import Chunk, Examined, ImageFacts
from shared.crawl.plan import CrawlLimits
from shared.crawl.settle import settle_chunk
from shared.datasets import reports, versions
from shared.datasets.schemas import SplitOptions, VersionCreate
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal

CHUNK, BITS, REPEATED = 50, 4, 20

# A job's rows as a crawl leaves them: candidates that were stored, and some that wait.
_STORED = """
WITH new AS (
  SELECT n, hashint8extended(n, 1) AS phash FROM generate_series(1, %(images)s::int) AS n
),
chunks AS (
  INSERT INTO job_chunks (job_id, attempt, keyword, number, status, candidates, stored,
    completed_at)
  SELECT %(job)s, 1, 'photo', n / %(chunk)s, 'completed', %(chunk)s, %(chunk)s, now()
  FROM new WHERE n %% %(chunk)s = 0 RETURNING id, number
),
added AS (
  INSERT INTO images (crawl_job_id, original_url, filename, hash, phash, keyword, width, height,
    storage_url, format, file_size)
  SELECT %(job)s, 'https://images.example/' || n, n || '.jpeg', 'stored ' || n, phash, 'photo',
    1024, 768, 'stored ' || n, 'jpeg', 150000 FROM new RETURNING id, hash
)
INSERT INTO crawl_candidates (job_id, url, url_hash, search_id, keyword, engine, rank, chunk_id,
  outcome, image_id)
SELECT %(job)s, 'https://images.example/' || n, int8send(n::bigint), %(search)s, 'photo',
  'url_list', n, chunks.id, 'stored', added.id
FROM new JOIN added ON hash = 'stored ' || n
  JOIN chunks ON number = (n - 1) / %(chunk)s + 1
"""
_WAITING = """
INSERT INTO crawl_candidates (job_id, url, url_hash, search_id, keyword, engine, rank)
SELECT %(job)s, 'https://images.example/w' || n, int8send(-n::bigint), %(search)s, 'photo',
  'url_list', n
FROM generate_series(%(images)s::int + 1, %(images)s::int + %(waiting)s::int) AS n
"""
_LEDGER = """
UPDATE crawl_keywords AS k SET candidates = c.candidates, stored = c.stored, chunks = c.chunks,
  completed_chunks = c.chunks
FROM (SELECT sum(candidates) AS candidates, sum(stored) AS stored, count(*) AS chunks
  FROM job_chunks WHERE job_id = %(job)s) AS c
WHERE job_id = %(job)s
"""


class FilledJob:
    """A running job of one keyword and one search, with rows but no files."""

    def __init__(self, database: Database, job_id: int) -> None:
        self._database = database
        self._job_id = job_id

    async def measure(self, images: int) -> dict[str, float]:
        """Milliseconds of a chunk with so many images stored, and of a near-duplicate lookup.

        And the seconds that it takes to make a version of them in three splits, and its report.
        """
        await self._fill(images)
        return {
            "near_duplicate_ms": round(await self._median(self._look_up) / CHUNK, 3),
            "chunk_ms": round(await self._median(self._crawl_chunk), 1),
            **await self._make_version(),
        }

    async def _fill(self, images: int) -> None:
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT id FROM crawl_searches WHERE job_id = %(job)s", {"job": self._job_id}
            )
            search = (await cursor.fetchall())[0]["id"]
            values = {
                "job": self._job_id, "search": search, "images": images, "chunk": CHUNK,
                "waiting": CHUNK * (REPEATED + 1),
            }  # fmt: skip
            for statement in (_STORED, _WAITING, _LEDGER):
                await connection.execute(statement, values)
            await connection.execute("VACUUM ANALYZE images, crawl_candidates, job_chunks")

    async def _median(self, work: Callable[[], Awaitable[float]]) -> float:
        """Of the milliseconds that the work says it took; the first time warms up."""
        return statistics.median([await work() for _ in range(REPEATED + 1)][1:])

    async def _look_up(self) -> float:
        phashes = [_phash() for _ in range(CHUNK)]
        async with self._database.transaction() as transaction:
            started = time.perf_counter()
            await settle_repo.find_near(transaction, self._job_id, phashes, bits=BITS)
            return 1000 * (time.perf_counter() - started)

    async def _crawl_chunk(self) -> float:
        """All that a chunk needs of the database: cut, claimed, settled."""
        started = time.perf_counter()
        async with self._database.transaction() as transaction:
            to_do = await advance(
                transaction,
                self._job_id,
                1,
                CrawlLimits(chunks=1, chunk_size=CHUNK, all_chunks=288),
            )
        async with self._database.transaction() as transaction:
            chunk = await repo.claim_chunk(transaction, to_do.chunks[0])
        if chunk is None:
            raise LookupError("no chunk")
        async with self._database.transaction() as transaction:
            await settle_chunk(transaction, chunk, examined(chunk))
        return 1000 * (time.perf_counter() - started)

    async def _make_version(self) -> dict[str, float]:
        times = [time.perf_counter()]
        async with self._database.transaction() as transaction:
            job = await crawl.lock_job(transaction, self._job_id)
            if job is None:
                raise LookupError("no job")
            ended, wanted = replace(job, status="completed"), VersionCreate(split=SplitOptions())
            await versions.make_version(transaction, ended, wanted)
            times.append(time.perf_counter())
            await reports.get_report(transaction, Principal(job.user_id), f"{job.id}@1")
            times.append(time.perf_counter())
        version, report = (round(b - a, 2) for a, b in itertools.pairwise(times))
        return {"version_seconds": version, "report_seconds": report}


def examined(chunk: Chunk) -> Sequence[Examined]:
    """Each candidate of the chunk as a good image of its own."""
    return [Examined(candidate.id, image=_facts(chunk.job_id)) for candidate in chunk.candidates]


def _facts(job_id: int) -> ImageFacts:
    sha256 = UUID(int=random.getrandbits(128)).hex * 2
    name = f"jobs/{job_id}/images/{sha256}.jpeg"
    return ImageFacts(sha256, _phash(), "jpeg", 1024, 768, 150_000, name)


def _phash() -> int:
    return random.getrandbits(64) - 2**63
