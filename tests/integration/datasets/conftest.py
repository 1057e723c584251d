"""Datasets, and the building of exports without a host."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from shared.app.composition import Services
from shared.datasets import building, export_files, exports
from shared.datasets.export_schemas import ExportOut, JobExport
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob, rows
from tests.integration.datasets.pictures import Picture, store
from tests.scale import FULL

# Its environment takes gigabytes: scripts/chaos.sh makes it.
collect_ignore = [] if FULL else ["test_training_tools.py"]

MakeDataset = Callable[..., Awaitable[int]]


@pytest.fixture
def make_dataset(services: Services, make_job: MakeJob) -> MakeDataset:
    """Makes a job that has stored these pictures; its id."""

    async def make(pictures: Sequence[Picture], **fields: object) -> int:
        keywords = sorted({picture.label for picture in pictures}) or ["cat"]
        job = await make_job(keywords=keywords, **fields)
        for picture in pictures:
            await store(services, job.id, picture)
        await rows(
            services.database,
            "UPDATE crawl_jobs SET valid_images = %(images)s WHERE id = %(id)s RETURNING id",
            images=sum(not picture.is_duplicate for picture in pictures),
            id=job.id,
        )
        return job.id

    return make


async def order(services: Services, owner: Principal, job_id: int, **wanted: object) -> ExportOut:
    """Asks for an export."""
    async with services.database.transaction() as transaction:
        return await exports.export_job(
            transaction, owner, services.settings, job_id, JobExport.model_validate(wanted)
        )


async def build(services: Services, export_id: int, attempt: int = 1) -> None:
    """Does what the orchestration has done, one step after the other."""
    database = services.database
    async with database.transaction() as transaction:
        await building.begin(transaction, export_id, attempt)
    while True:
        async with database.transaction() as transaction:
            due = await building.list_due(transaction, export_id, attempt)
        if not due:
            break
        for number in due:
            await services.exports.build(export_id, attempt, number)
    async with database.transaction() as transaction:
        await building.finish(transaction, export_id, attempt)


async def export(services: Services, owner: Principal, job_id: int, **wanted: object) -> ExportOut:
    """An export that was built."""
    ordered = await order(services, owner, job_id, **wanted)
    await build(services, ordered.id)
    async with services.database.transaction() as transaction:
        return await exports.get_export(transaction, owner, ordered.id)


async def download(services: Services, owner: Principal, made: ExportOut, folder: Path) -> Path:
    """The folder with all files of an export."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in made.files:
        url = await export_files.download_url(
            services.database, services.blobs, owner, made.id, file.name
        )
        answer = await services.http.get(url)
        answer.raise_for_status()
        (folder / file.name).write_bytes(answer.content)
    return folder
