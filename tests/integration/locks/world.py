"""A person with everything that is written to, in one small database."""

from dataclasses import dataclass, replace
from typing import Final, cast
from uuid import UUID

from shared.api_keys import service as api_keys
from shared.api_keys.schemas import ApiKeyCreate, ApiKeyCreated
from shared.app.settings import Settings
from shared.crawl.model import Chunk
from shared.datasets import building, exports
from shared.datasets.export_schemas import JobExport
from shared.exports.model import Format
from shared.jobs import service as jobs
from shared.jobs.schemas import JobCreate, JobOut
from shared.notifications import service as notifications
from shared.notifications.schemas import NotificationMessage
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from shared.projects import service as projects
from shared.projects.schemas import ProjectCreate
from shared.uploads import finish as upload_finish
from shared.uploads import repo as upload_repo
from shared.uploads import service as uploads
from shared.uploads.schemas import UploadCreate
from tests.integration.admin.decisions import make_admin
from tests.integration.conftest import give_tier, make_user, rows
from tests.integration.crawl import chunks

FORMATS: Final[tuple[Format, Format]] = ("labels", "parquet")


@dataclass(frozen=True)
class World:
    """Two projects of one person: in one a job runs, in the other none does."""

    database: Database
    settings: Settings
    owner: Principal
    boss: Principal
    busy: int
    quiet: int
    running: int
    chunk: Chunk  # of the running job, downloaded and not settled
    search: int  # of the running job
    pending: int
    stopped: int
    images: list[int]  # of the stopped job
    export: int  # of the stopped job, being built
    failed_export: int
    upload: int  # whose file was not sent
    reading: int  # an upload whose file is read
    listed: int  # one that was read
    key: UUID
    secret: str  # of the key
    notification: int

    @property
    def image(self) -> int:
        """One of them."""
        return self.images[0]


async def make_world(database: Database, settings: Settings) -> World:
    """A new one beside those that are there."""
    owner, boss = await make_user(database), await make_admin(database)
    owner = replace(owner, email=f"{owner.user_id}@example.com", full_name="Ada")
    await give_tier(database, owner, "enterprise")
    busy, quiet = [await _project(database, owner, name) for name in ("busy", "quiet")]
    stopped = await _job(database, owner, quiet, start=True)
    chunk, *_ = await chunks.cut(database, stopped, 20)
    await chunks.settle(database, chunk, chunks.examine(chunk, [1, 2]))
    async with database.transaction() as transaction:
        await jobs.stop_job(transaction, owner, stopped.id)
    images = "SELECT id FROM images WHERE crawl_job_id = %(id)s ORDER BY id"
    failed, export = [await _export(database, owner, settings, stopped.id, of) for of in FORMATS]
    async with database.transaction() as transaction:
        await building.finish(transaction, failed, 1, failure="It was too dark.")
    running = await _job(database, owner, busy, start=True)
    chunk, *_ = await chunks.cut(database, running, 20)
    searches = "SELECT id FROM crawl_searches WHERE job_id = %(id)s AND NOT exhausted"
    key = await _key(database, settings, owner)
    upload, reading, listed = [await _upload(database, owner) for _ in range(3)]
    for each in (reading, listed):
        async with database.transaction() as transaction:
            await uploads.complete_upload(transaction, owner, each)
    async with database.transaction() as transaction:
        await upload_repo.note_progress(
            transaction, listed, records=1, rows=1, rejected={}, problems=[]
        )
        await upload_finish.finish(transaction, listed, 1)
    return World(
        database=database,
        settings=settings,
        owner=owner,
        boss=boss,
        busy=busy,
        quiet=quiet,
        running=running.id,
        chunk=chunk,
        search=(await rows(database, searches, id=running.id))[0]["id"],
        pending=(await _job(database, owner, quiet)).id,
        stopped=stopped.id,
        images=[row["id"] for row in await rows(database, images, id=stopped.id)],
        export=export,
        failed_export=failed,
        upload=upload,
        reading=reading,
        listed=listed,
        key=key.id,
        secret=key.key,
        notification=await _notification(database, owner),
    )


async def _project(database: Database, owner: Principal, name: str) -> int:
    async with database.transaction() as transaction:
        created = await projects.create_project(transaction, owner, ProjectCreate(name=name))
        return created.id


async def _job(database: Database, owner: Principal, project: int, **fields: bool) -> JobOut:
    job = JobCreate(project_id=project, name="j", keywords=["cat"], max_images=10, **fields)
    async with database.transaction() as transaction:
        return await jobs.create_job(transaction, owner, job)


async def _export(
    database: Database, owner: Principal, settings: Settings, job_id: int, of: Format
) -> int:
    async with database.transaction() as transaction:
        wanted = JobExport(format=of)
        return (await exports.export_job(transaction, owner, settings, job_id, wanted)).id


class Signing:
    """Storage that signs."""

    async def upload_url(self, name: str) -> str:
        return f"https://storage.example/{name}"


async def _upload(database: Database, owner: Principal) -> int:
    wanted = UploadCreate(kind="url_list", filename="l", size=1)
    async with database.transaction() as transaction:
        signing = cast(BlobStore, Signing())
        return (await uploads.create_upload(transaction, signing, owner, wanted)).id


async def _key(database: Database, settings: Settings, owner: Principal) -> ApiKeyCreated:
    key = ApiKeyCreate(name="k", permissions=["projects"])
    async with database.transaction() as transaction:
        return await api_keys.create_key(transaction, owner, settings, key)


async def _notification(database: Database, owner: Principal) -> int:
    """One of two that were not read."""
    for event in ("first", "second"):
        async with database.transaction() as transaction:
            await notifications.deliver(transaction, message(owner, event))
    query = "SELECT id FROM notifications WHERE user_id = %(id)s ORDER BY id DESC LIMIT 1"
    return int((await rows(database, query, id=owner.user_id))[0]["id"])


def message(owner: Principal, event: str) -> NotificationMessage:
    """What the owner is told of an event."""
    return NotificationMessage.model_validate(
        {
            "event_key": event, "user_id": owner.user_id, "type": "info", "title": "Job",
            "category": "crawl_jobs", "message": "It has ended.", "action_url": "/jobs/1",
        }
    )  # fmt: skip
