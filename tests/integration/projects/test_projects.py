"""Projects: changes, filters, and that a deleted one leaves nothing behind."""

import asyncio
import contextlib

import pytest

from shared.jobs import remove
from shared.jobs import service as jobs
from shared.jobs.messages import CleanupMessage
from shared.jobs.schemas import JobCreate, JobOut
from shared.platform.data import blob
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Database
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.projects import service as projects
from shared.projects.errors import ProjectBusy
from shared.projects.schemas import ProjectCreate, ProjectOut, ProjectQuery, ProjectUpdate
from tests.integration.conftest import MakeJob, make_user, rows


async def make_project(database: Database, owner: Principal, name: str = "p") -> ProjectOut:
    async with database.transaction() as transaction:
        project = ProjectCreate(name=name, description="what it is for")
        return await projects.create_project(transaction, owner, project)


async def update(
    database: Database, owner: Principal, project_id: int, **changes: object
) -> ProjectOut:
    async with database.transaction() as transaction:
        body = ProjectUpdate.model_validate(changes)
        return await projects.update_project(transaction, owner, project_id, body)


class TestUpdate:
    async def test_changes_what_was_sent_and_nothing_else(
        self, database: Database, owner: Principal
    ) -> None:
        project = await make_project(database, owner)
        changed = await update(database, owner, project.id, name="q")
        assert (changed.name, changed.description) == ("q", "what it is for")
        changed = await update(database, owner, project.id, description=None, status="archived")
        assert (changed.name, changed.description, changed.status) == ("q", None, "archived")

    async def test_anothers_project_does_not_exist(
        self, database: Database, owner: Principal
    ) -> None:
        project = await make_project(database, owner)
        with pytest.raises(NotFound):
            await update(database, await make_user(database), project.id, name="mine")


class TestList:
    async def test_by_status(self, database: Database, owner: Principal) -> None:
        one, other = [await make_project(database, owner, name) for name in "ab"]
        await update(database, owner, one.id, status="archived")
        async with database.transaction() as transaction:
            for status, expected in (("archived", [one.id]), ("active", [other.id])):
                query = ProjectQuery.model_validate({"status": status})
                page = await projects.list_projects(transaction, owner, query)
                assert [project.id for project in page.data] == expected


class TestDelete:
    async def test_takes_jobs_along_and_promises_to_remove_their_blobs(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        async with database.transaction() as transaction:
            await projects.delete_project(transaction, owner, job.project_id)
            sent_at_once = transaction.outbox
        async with database.transaction() as transaction:
            with pytest.raises(NotFound):
                await jobs.get_job(transaction, owner, job.id)
            with pytest.raises(NotFound):
                await projects.get_project(transaction, owner, job.project_id)
        (promised,) = await rows(database, "SELECT id, payload FROM outbox")
        assert promised["payload"] == {
            "queue": "blob-cleanup",
            "message": {"job_ids": [job.id]},
        }
        assert sent_at_once == [promised["id"]]
        (last, *_) = await rows(database, "SELECT action FROM activity_logs ORDER BY id DESC")
        assert last == {"action": "project.deleted"}

    async def test_running_jobs_forbid_it(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        async with database.transaction() as transaction:
            with pytest.raises(ProjectBusy):
                await projects.delete_project(transaction, owner, job.project_id)

    async def test_while_a_job_of_it_is_stopped_everybody_gets_an_answer(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        async def stop(job: JobOut) -> None:
            async with database.transaction(owner.user_id) as transaction:
                await jobs.stop_job(transaction, owner, job.id)

        async def delete(job: JobOut) -> None:
            async with database.transaction(owner.user_id) as transaction:
                await projects.delete_project(transaction, owner, job.project_id)

        found = set()
        for _ in range(20):
            job = await make_job(start=True)
            ends = await asyncio.gather(
                stop(job), delete(job), delete(job), delete(job), return_exceptions=True
            )
            found |= {type(end) for end in ends}
            with contextlib.suppress(NotFound):  # all came before the stop
                await delete(job)
        assert found <= {type(None), ProjectBusy, NotFound}

    async def test_jobs_made_meanwhile_are_refused_or_gone(
        self, database: Database, owner: Principal
    ) -> None:
        project = await make_project(database, owner)
        job = JobCreate(project_id=project.id, name="j", keywords=["cat"])

        async def make() -> None:
            async with database.transaction() as transaction:
                await jobs.create_job(transaction, owner, job)

        async def delete() -> None:
            async with database.transaction() as transaction:
                await projects.delete_project(transaction, owner, project.id)

        results = await asyncio.gather(
            make(), make(), delete(), make(), make(), return_exceptions=True
        )
        assert {type(result) for result in results} <= {type(None), NotFound}
        assert await rows(database, "SELECT id FROM crawl_jobs") == []


class TestBlobs:
    async def test_all_blobs_of_the_jobs_go_and_no_others(
        self, blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(blob, "LIST_BATCH", 2)  # a job has more than one page
        names = [
            f"{folder}/{n}.webp"
            for job in (10, 11, 100)
            for folder in (f"jobs/{job}/images", f"thumbnails/{job}")
            for n in range(3)
        ]
        for name in names:
            await blobs.put(name, b"x", "image/webp")
        for _ in range(2):
            await remove.remove_blobs(blobs, CleanupMessage(job_ids=[10, 11]))
        left = [name async for name in blobs.names("")]
        assert left == [name for name in names if "/100/" in name]
