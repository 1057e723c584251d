"""The trail of what a user did."""

from shared.activity import service as activity
from shared.activity.schemas import ActivityOut, ActivityQuery
from shared.jobs import service as jobs
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob, make_user


async def trail(database: Database, user: Principal, **filters: str) -> list[ActivityOut]:
    async with database.reading(user.claims) as transaction:
        query = ActivityQuery.model_validate(filters)
        return (await activity.list_activities(transaction, user, query)).data


async def test_every_change_left_one_row_newest_first(
    database: Database, owner: Principal, make_job: MakeJob
) -> None:
    job = await make_job(start=True)
    async with database.transaction() as transaction:
        await jobs.stop_job(transaction, owner, job.id)
    actions = [row.action for row in await trail(database, owner)]
    assert actions == [
        "job.cancelled",
        "job.started",
        "job.created",
        "project.created",
    ]
    (made,) = await trail(database, owner, action="job.created")
    assert (made.resource_type, made.resource_id) == ("job", str(job.id))
    assert [row.action for row in await trail(database, owner, resource_type="project")] == [
        "project.created"
    ]
    assert await trail(database, await make_user(database)) == []
