"""Projects: changes, filters, and that a deleted one leaves nothing behind."""

import asyncio

import pytest

from scripts.devhost.stack import LocalStack
from shared.jobs import remove
from shared.jobs import service as jobs
from shared.jobs.messages import CleanupMessage
from shared.jobs.schemas import JobCreate
from shared.platform import blob
from shared.platform.bootstrap import Services
from shared.platform.db import Database
from shared.platform.errors import NotFound
from shared.platform.principal import Principal
from shared.platform.settings import Settings
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
        async with database.transaction() as transaction:
            with pytest.raises(NotFound):
                await jobs.get_job(transaction, owner, job.id)
            with pytest.raises(NotFound):
                await projects.get_project(transaction, owner, job.project_id)
        promised = await rows(database, "SELECT payload FROM outbox")
        assert promised == [
            {"payload": {"queue": "blob-cleanup", "message": {"job_ids": [job.id]}}}
        ]
        (last, *_) = await rows(database, "SELECT action FROM activity_logs ORDER BY id DESC")
        assert last == {"action": "project.deleted"}

    async def test_running_jobs_forbid_it(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        async with database.transaction() as transaction:
            with pytest.raises(ProjectBusy):
                await projects.delete_project(transaction, owner, job.project_id)

    async def test_jobs_made_meanwhile_are_refused_or_gone(
        self, database: Database, owner: Principal, settings: Settings
    ) -> None:
        project = await make_project(database, owner)
        job = JobCreate(project_id=project.id, name="j", keywords=["cat"])

        async def make() -> None:
            async with database.transaction() as transaction:
                await jobs.create_job(transaction, owner, settings, job)

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
        self, stack_services: LocalStack, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(blob, "LIST_BATCH", 4)  # a job has more than one page
        services = Services(settings)
        names = [
            f"jobs/{job}/{kind}/{n}.webp"
            for job in (910_000, 910_001, 9_100_000)
            for kind in ("images", "thumbnails")
            for n in range(3)
        ]
        for name in names:
            await services.blobs.put(name, b"x", "image/webp")
        for _ in range(2):
            await remove.remove_blobs(services.blobs, CleanupMessage(job_ids=[910_000, 910_001]))
        left = [name async for name in services.blobs.names("jobs/910000")]
        left += [name async for name in services.blobs.names("jobs/910001")]
        left += [name async for name in services.blobs.names("jobs/9100000/")]
        assert left == [name for name in names if name.startswith("jobs/9100000/")] * 2
        await services.blobs.close()
        await services.http.aclose()
