"""Administrators see everybody's users and jobs."""

from uuid import uuid4

import pytest
from pydantic import ValidationError

from shared.admin import service as admin
from shared.admin.errors import OwnRole
from shared.admin.schemas import AdminJobQuery, UserUpdate
from shared.platform.data.db import Database
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import PageQuery
from tests.integration.conftest import MakeJob, make_user, rows


@pytest.fixture
async def owner(owner: Principal, database: Database) -> Principal:
    """An administrator."""
    await rows(database, "UPDATE profiles SET role = 'admin' RETURNING id")
    return owner


class TestUsers:
    async def test_are_listed_newest_first_page_by_page(self, database: Database) -> None:
        made = [(await make_user(database)).user_id for _ in range(5)]
        seen, cursor = [], None
        while True:
            async with database.transaction() as transaction:
                query = PageQuery(limit=2, cursor=cursor)
                page = await admin.list_users(transaction, query)
            seen += [user.id for user in page.data]
            cursor = page.meta.next_cursor
            if cursor is None:
                break
        assert seen == made[::-1]

    async def test_get_a_role_and_it_is_on_record(
        self, database: Database, owner: Principal
    ) -> None:
        other = await make_user(database)
        async with database.transaction() as transaction:
            update = UserUpdate(role="admin")
            user = await admin.update_user(transaction, owner, other.user_id, update)
        assert (user.id, user.role, user.credits, user.state) == (
            other.user_id,
            "admin",
            100,
            "active",
        )
        assert await rows(database, "SELECT user_id, action, resource_id FROM activity_logs") == [
            {
                "user_id": owner.user_id,
                "action": "user.role_changed",
                "resource_id": str(other.user_id),
            }
        ]

    async def test_nobody_changes_their_own_role(
        self, database: Database, owner: Principal
    ) -> None:
        async with database.transaction() as transaction:
            with pytest.raises(OwnRole):
                await admin.update_user(transaction, owner, owner.user_id, UserUpdate(role="user"))

    async def test_who_does_not_exist_has_no_role(
        self, database: Database, owner: Principal
    ) -> None:
        async with database.transaction() as transaction:
            with pytest.raises(NotFound):
                await admin.update_user(transaction, owner, uuid4(), UserUpdate(role="user"))

    async def test_get_a_tier_and_it_is_on_record(
        self, database: Database, owner: Principal
    ) -> None:
        other = await make_user(database)
        for user in (other, owner):  # their own as well
            async with database.transaction() as transaction:
                update = UserUpdate(tier="pro")
                changed = await admin.update_user(transaction, owner, user.user_id, update)
            assert (changed.id, changed.tier) == (user.user_id, "pro")
        assert await rows(
            database, "SELECT user_id, action, resource_id, metadata FROM activity_logs ORDER BY id"
        ) == [
            {
                "user_id": owner.user_id,
                "action": "user.tier_changed",
                "resource_id": str(user.user_id),
                "metadata": {"tier": "pro"},
            }
            for user in (other, owner)
        ]

    @pytest.mark.parametrize("tier", ["gold", "Free", "", None, 1])
    def test_a_tier_is_one_of_three(self, tier: object) -> None:
        with pytest.raises(ValidationError, match="'free', 'pro' or 'enterprise'"):
            UserUpdate.model_validate({"tier": tier})


class TestJobs:
    async def test_of_everybody_by_status(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        pending, running = await make_job(), await make_job(start=True)
        async with database.transaction() as transaction:
            everything = await admin.list_jobs(transaction, AdminJobQuery())
            only = await admin.list_jobs(transaction, AdminJobQuery(status="running"))
        assert [job.id for job in everything.data] == [running.id, pending.id]
        assert [(job.id, job.user_id) for job in only.data] == [(running.id, owner.user_id)]
