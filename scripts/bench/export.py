"""A whole export, beside a bare loop that reads the same blobs and writes the same format."""

import asyncio
import hashlib
import io
import tarfile
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from scripts.bench.photos import TRUNCATED, photos
from scripts.bench.processes import measure
from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from scripts.local_crawl import sign_in
from shared.app.settings import Settings
from shared.platform.data.blob import BlobStore

PICTURES = 1000  # made; the images are they, each with some bytes of its own behind it
UPLOADS = 32
GROUP = 100
LEVEL = 10
POLL_SECONDS = 0.2
FORMATS: dict[str, dict[str, Any]] = {
    "tar.zst": {"format": "imagefolder", "archive": "tar.zst"},
    "parquet": {"format": "parquet"},
}
_INSERT = """
INSERT INTO images (crawl_job_id, original_url, filename, storage_url, width, height, file_size,
  format, hash, phash, keyword, labels, engine, license)
SELECT %(job)s, 'https://images.example/' || n, hash || '.jpeg',
  'jobs/' || %(job)s || '/images/' || hash || '.jpeg', 320, 240, size, 'jpeg', hash,
  hashint8extended(n, 1), 'photo', '["photo"]', 'openverse', 'by'
FROM unnest(%(hashes)s::text[], %(sizes)s::int[]) WITH ORDINALITY AS t (hash, size, n)
"""


def bench_export(images: int, *, small: bool) -> dict[str, Any]:
    """Images per second of both in turns, and what each process of the app held at most."""
    made = photos(min(PICTURES, images), small=small)
    files = [path for path in sorted(made.iterdir()) if path.suffix]
    with tempfile.TemporaryDirectory(prefix="pixcrawler-bench-") as directory:
        Path(directory).chmod(0o755)
        stack = LocalStack(Path(directory), ("postgres", "azurite", "auth", "host"))
        with stack, Api(stack.info.api_url) as api:
            sign_in(api, stack, credits=100)
            job_id = _make_job(stack, api)
            bodies = _bodies(files, images)
            names = asyncio.run(_fill(stack, job_id, bodies))
            figures = {kind: _compare(stack, api, job_id, kind, names) for kind in FORMATS}
            peak = measure(stack.pid("host")).peak_mb
    return {"benchmark": "export", "images": images, **figures, "peak_mb": peak}


def _compare(
    stack: LocalStack, api: Api, job_id: int, kind: str, names: list[str]
) -> dict[str, float]:
    started = time.perf_counter()
    export = api.post(f"jobs/{job_id}/exports", FORMATS[kind])
    while (made := api.get(f"exports/{export['id']}"))["status"] == "running":
        time.sleep(POLL_SECONDS)
    app = time.perf_counter() - started
    if made["status"] != "completed":
        raise OSError(made["failure_reason"])
    started = time.perf_counter()
    with tempfile.TemporaryFile() as file:
        write = _tar_zst if kind == "tar.zst" else _parquet
        asyncio.run(_with_blobs(stack, lambda blobs: write(blobs, names, file)))
    bare = time.perf_counter() - started
    return {
        "images_per_second": round(len(names) / app, 1),
        "bare_images_per_second": round(len(names) / bare, 1),
        "ratio": round(bare / app, 2),
    }


def _make_job(stack: LocalStack, api: Api) -> int:
    project = api.post("projects", {"name": "bench"})["id"]
    with psycopg.connect(stack.info.database_url) as connection:
        row = connection.execute(
            "INSERT INTO crawl_jobs (project_id, name, keywords, status)"
            " VALUES (%s, 'photos', '[\"photo\"]', 'completed') RETURNING id",
            [project],
        ).fetchone()
    return int(row[0]) if row else 0


def _bodies(files: list[Path], count: int) -> Iterator[bytes]:
    """As many different files of the pictures."""
    sound = [path for path in files if int(path.stem) * 37 % 100 not in TRUNCATED]
    contents = [path.read_bytes() for path in sound]
    for number in range(count):
        yield contents[number % len(contents)] + number.to_bytes(4)


async def _fill(stack: LocalStack, job_id: int, bodies: Iterator[bytes]) -> list[str]:
    """Stores the images with their rows; the names of their blobs, by hash as in an export."""
    hashes: list[str] = []
    sizes: list[int] = []

    async def upload(blobs: BlobStore) -> None:
        while body := next(bodies, None):
            hashes.append(hashlib.sha256(body).hexdigest())
            sizes.append(len(body))
            await blobs.put(f"jobs/{job_id}/images/{hashes[-1]}.jpeg", body, "image/jpeg")

    async def all_of_them(blobs: BlobStore) -> None:
        await asyncio.gather(*(upload(blobs) for _ in range(UPLOADS)))

    await _with_blobs(stack, all_of_them)
    with psycopg.connect(stack.info.database_url, autocommit=True) as connection:
        connection.execute(_INSERT, {"job": job_id, "hashes": hashes, "sizes": sizes})
        connection.execute("VACUUM ANALYZE")
    return [f"jobs/{job_id}/images/{sha256}.jpeg" for sha256 in sorted(hashes)]


async def _with_blobs(stack: LocalStack, work: Callable[[BlobStore], Awaitable[None]]) -> None:
    info = stack.info
    settings = Settings.model_validate(
        {
            "database_url": info.database_url,
            "supabase_url": info.supabase_url,
            "supabase_anon_key": info.supabase_anon_key,
            "supabase_service_role_key": info.supabase_service_role_key,
            "azure_storage_connection_string": info.storage_connection_string,
            "api_key_pepper": "bench",
        }
    )
    blobs = BlobStore(settings)
    try:
        await work(blobs)
    finally:
        await blobs.close()


async def _tar_zst(blobs: BlobStore, names: list[str], file: Any) -> None:
    packed = zstandard.ZstdCompressor(level=LEVEL).stream_writer(file, closefd=False)
    with packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        for name in names:
            body = await blobs.get(name)
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))


async def _parquet(blobs: BlobStore, names: list[str], file: Any) -> None:
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([("image", image), ("label", pa.string())])
    with pq.ParquetWriter(file, schema, compression="NONE") as writer:
        for start in range(0, len(names), GROUP):
            rows = [
                {"image": {"bytes": await blobs.get(name), "path": name}, "label": "photo"}
                for name in names[start : start + GROUP]
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema))
