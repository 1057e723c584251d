"""One notification per event and user."""

import asyncio
from uuid import uuid4

import pytest

from shared.notifications import service as notifications
from shared.notifications.schemas import (
    NotificationMessage,
    NotificationQuery,
    PreferencesUpdate,
)
from shared.platform.data.db import Database
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import make_user


def message(user: Principal, event: int = 1) -> NotificationMessage:
    return NotificationMessage(
        event_key=f"job:{event}:1:completed",
        user_id=user.user_id,
        type="success",
        category="crawl_jobs",
        title="Done",
        message="10 images",
    )


async def deliver(database: Database, user: Principal, event: int = 1) -> bool:
    async with database.transaction() as transaction:
        return await notifications.deliver(transaction, message(user, event))


async def listed(
    database: Database, user: Principal, *, unread: bool | None = None
) -> tuple[list[int], int]:
    """Ids of the user's notifications as they see them, and the number of unread ones."""
    async with database.reading(user.claims) as transaction:
        query = NotificationQuery(unread=unread)
        page = await notifications.list_notifications(transaction, user, query)
    return [notification.id for notification in page.data], page.unread_count


class TestDeliver:
    async def test_many_deliveries_write_one_row(
        self, database: Database, owner: Principal
    ) -> None:
        written = await asyncio.gather(*(deliver(database, owner) for _ in range(10)))
        assert sorted(written) == [False] * 9 + [True]

    async def test_a_deleted_user_is_no_error(self, database: Database) -> None:
        assert not await deliver(database, Principal(uuid4()))

    async def test_what_the_user_wants_to_hear_of(
        self, database: Database, owner: Principal
    ) -> None:
        for wanted in (False, True):
            async with database.transaction() as transaction:
                update = PreferencesUpdate(crawl_jobs_enabled=wanted)
                changed = await notifications.update_preferences(transaction, owner, update)
            assert (changed.crawl_jobs_enabled, changed.datasets_enabled) == (wanted, True)
            assert await deliver(database, owner, event=5) is wanted


class TestReading:
    async def test_unread_ones_are_counted_and_listed(
        self, database: Database, owner: Principal
    ) -> None:
        for event in range(3):
            await deliver(database, owner, event)
        everything, unread = await listed(database, owner)
        assert (everything, unread) == (sorted(everything, reverse=True), 3)
        async with database.transaction() as transaction:
            seen = await notifications.set_read(transaction, owner, everything[0], is_read=True)
        assert seen.read_at is not None
        assert await listed(database, owner, unread=True) == (everything[1:], 2)
        async with database.transaction() as transaction:
            assert (await notifications.read_all(transaction, owner)).updated == 2
            await notifications.set_read(transaction, owner, everything[2], is_read=False)
        assert await listed(database, owner, unread=True) == (everything[2:], 1)

    async def test_a_deleted_one_is_gone(self, database: Database, owner: Principal) -> None:
        await deliver(database, owner)
        ((only,), _) = await listed(database, owner)
        async with database.transaction() as transaction:
            await notifications.delete_notification(transaction, owner, only)
        assert await listed(database, owner) == ([], 0)

    async def test_anothers_does_not_exist(self, database: Database, owner: Principal) -> None:
        await deliver(database, owner)
        ((only,), _) = await listed(database, owner)
        stranger = await make_user(database)
        async with database.transaction() as transaction:
            with pytest.raises(NotFound):
                await notifications.set_read(transaction, stranger, only, is_read=True)
            with pytest.raises(NotFound):
                await notifications.delete_notification(transaction, stranger, only)
