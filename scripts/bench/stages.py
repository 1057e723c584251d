"""Where the time of a crawl goes, stage by stage, with the app's own code, one process."""

import asyncio
import hashlib
import io
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvloop
from PIL import Image

from scripts.bench.crawl import web
from scripts.bench.growth import CHUNK, FilledJob, examined
from scripts.bench.photos import name_of, photos
from scripts.devhost.stack import LocalStack
from shared.app.composition import Services
from shared.app.settings import Settings
from shared.crawl import repo
from shared.crawl.advance import advance
from shared.crawl.discover import discover
from shared.crawl.plan import CrawlLimits
from shared.crawl.settle import settle_chunk
from shared.fetch.safe_http import FetchRefused
from shared.imaging.dhash import dhash
from shared.imaging.judge import judge
from shared.imaging.rules import LEVELS
from shared.imaging.thumbnail import make_thumbnail
from shared.jobs import finish
from shared.jobs import service as jobs
from shared.jobs.schemas import JobCreate
from shared.platform.http.auth.principal import Principal
from shared.projects import service as projects
from shared.projects.schemas import ProjectCreate


def bench_stages(images: int, sizes: Sequence[int]) -> dict[str, Any]:
    """Milliseconds an image in each stage, and what a chunk costs in jobs of so many images."""
    with tempfile.TemporaryDirectory(prefix="pixcrawler-bench-") as directory:
        stack = LocalStack(Path(directory) / "stack", ("postgres", "azurite"))
        with web(photos(images), None) as address, stack:
            settings = Settings.model_validate(
                {
                    "database_url": stack.info.database_url,
                    "azure_storage_connection_string": stack.info.storage_connection_string,
                    "supabase_url": "http://localhost",
                    "supabase_anon_key": "",
                    "supabase_service_role_key": "",
                    "api_key_pepper": "",
                    "crawl_allowed_hosts": address.partition("://")[2],
                    "crawl_connections_per_host": 32,
                    "crawl_host_spacing_seconds": 0,
                }
            )
            urls = [f"{address}/{name_of(number)}" for number in range(images)]
            return {"benchmark": "stages", **uvloop.run(_measure(settings, urls, sizes))}


async def _measure(settings: Settings, urls: list[str], sizes: Sequence[int]) -> dict[str, Any]:
    services = Services(settings)
    async with AsyncExitStack() as closed:
        for close in (
            services.database.close,
            services.blobs.close,
            services.http.aclose,
            services.crawler_http.aclose,
        ):
            closed.push_async_callback(close)
        return await _Stages(services, urls).measure(sizes)


class _Stages:
    """The stages in turn; each leaves to the next what it needs."""

    def __init__(self, services: Services, urls: list[str]) -> None:
        self._services = services
        self._urls = urls
        self._bodies: list[bytes] = []
        self._taken: dict[str, dict[str, float]] = {}

    async def measure(self, sizes: Sequence[int]) -> dict[str, Any]:
        """The figures of all stages."""
        with self._stage("fetch", len(self._urls)):
            await self._each(self._urls, self._fetch)
        self._work_on_bodies()
        with self._stage("blob", len(self._bodies)):
            await self._each(self._bodies, self._store)
        user = await self._user()
        await self._rows(user)
        filled = {size: await self._filled(user, size) for size in sorted(sizes)}
        return {"images": len(self._urls), "stages": self._taken, "job_with_images": filled}

    @contextmanager
    def _stage(self, name: str, images: int) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self._taken[name] = {
            "cpu_ms": round(1000 * (time.process_time() - cpu) / images, 3),
            "ms": round(1000 * (time.perf_counter() - wall) / images, 3),
        }

    async def _each(self, items: Sequence[Any], work: Callable[[Any], Awaitable[None]]) -> None:
        slots = asyncio.Semaphore(self._services.settings.crawl_downloads_in_flight)

        async def in_turn(item: Any) -> None:
            async with slots:
                await work(item)

        await asyncio.gather(*map(in_turn, items))

    async def _fetch(self, url: str) -> None:
        try:
            self._bodies.append((await self._services.crawler_http.fetch(url)).body)
        except FetchRefused:
            return

    def _work_on_bodies(self) -> None:
        """What threads do; here one after the other."""
        for level, rules in LEVELS.items():
            with self._stage(f"judge_{level}", len(self._bodies)):
                for body in self._bodies:
                    judge(body, rules)
        with self._stage("sha256", len(self._bodies)):
            for body in self._bodies:
                hashlib.sha256(body).digest()
        sample = self._bodies[20:120]
        decoded = []
        with self._stage("decode_in_full", len(sample)):
            for body in sample:
                try:
                    decoded.append(Image.open(io.BytesIO(body)).convert("RGB"))
                except OSError:
                    continue
        with self._stage("hash_in_full", len(decoded)):
            for image in decoded:
                dhash(image)
        with self._stage("thumbnail", len(sample)):
            for body in sample:
                _thumbnail(body)

    async def _store(self, body: bytes) -> None:
        await self._services.blobs.put(f"bench/{uuid4().hex}", body, "image/jpeg")

    async def _user(self) -> Principal:
        principal = Principal(uuid4())
        async with self._services.database.transaction() as transaction:
            await transaction.connection.execute("RESET ROLE")
            await transaction.connection.execute(
                "INSERT INTO auth.users (id, email) VALUES (%(id)s, %(email)s)",
                {"id": principal.user_id, "email": "bench@example.com"},
            )
            await transaction.connection.execute(
                "UPDATE credit_accounts SET current_balance = 1000000000, tier = 'enterprise' "
                "WHERE user_id = %(id)s",
                {"id": principal.user_id},
            )
        return principal

    async def _job(self, user: Principal, urls: Sequence[str], max_images: int) -> int:
        body = {
            "name": "bench", "keywords": ["photo"], "engines": ["url_list"], "start": True,
            "max_images": max_images, "urls": [{"url": url} for url in urls],
        }  # fmt: skip
        async with self._services.database.transaction() as transaction:
            project = await projects.create_project(transaction, user, ProjectCreate(name="bench"))
            order = JobCreate.model_validate({**body, "project_id": project.id})
            job = await jobs.create_job(transaction, user, order)
        async with self._services.database.transaction() as transaction:
            await finish.begin_job(transaction, job.id, 1)
        return job.id

    async def _filled(self, user: Principal, images: int) -> dict[str, float]:
        job_id = await self._job(user, self._urls[:1], 2 * images)
        return await FilledJob(self._services.database, job_id).measure(images)

    async def _rows(self, user: Principal) -> None:
        """Candidates into the database, and chunks of images settled, without any image."""
        database, limits = (
            self._services.database,
            CrawlLimits(chunks=35, chunk_size=CHUNK, all_chunks=288),
        )
        job_id = await self._job(user, self._urls, len(self._urls))
        chunks: Sequence[int] = []
        with self._stage("discover_rows", len(self._urls)):
            while not chunks:
                async with database.transaction() as transaction:
                    to_do = await advance(transaction, job_id, 1, limits)
                for search in to_do.searches:
                    await discover(database, _no_source, search)
                chunks = to_do.chunks
        settled = 0
        with self._stage("settle_rows", 1):
            while chunks:
                for chunk_id in chunks:
                    settled += await self._settle(chunk_id)
                async with database.transaction() as transaction:
                    to_do = await advance(transaction, job_id, 1, limits)
                chunks = to_do.chunks
        self._taken["settle_rows"] = {
            kind: round(value / settled, 3) for kind, value in self._taken["settle_rows"].items()
        }

    async def _settle(self, chunk_id: int) -> int:
        async with self._services.database.transaction() as transaction:
            chunk = await repo.claim_chunk(transaction, chunk_id)
        if chunk is None:
            return 0
        async with self._services.database.transaction() as transaction:
            await settle_chunk(transaction, chunk, examined(chunk))
        return len(chunk.candidates)


def _thumbnail(body: bytes) -> None:
    try:
        make_thumbnail(body)
    except Exception:  # noqa: BLE001 - what decoders raise at a broken file
        return


def _no_source(engine: str) -> Any:
    raise AssertionError(f"{engine} is not asked")
