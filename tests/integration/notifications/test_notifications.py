"""One notification per event and user."""

import asyncio
from uuid import uuid4

from shared.notifications import service as notifications
from shared.notifications.schemas import NotificationMessage
from shared.platform.db import Database
from shared.platform.principal import Principal


def message(user: Principal) -> NotificationMessage:
    return NotificationMessage(
        event_key="job:1:1:completed",
        user_id=user.user_id,
        type="success",
        category="crawl_jobs",
        title="Done",
        message="10 images",
    )


async def deliver(database: Database, user: Principal) -> bool:
    async with database.transaction() as transaction:
        return await notifications.deliver(transaction, message(user))


class TestDeliver:
    async def test_many_deliveries_write_one_row(
        self, database: Database, owner: Principal
    ) -> None:
        written = await asyncio.gather(*(deliver(database, owner) for _ in range(10)))
        assert sorted(written) == [False] * 9 + [True]

    async def test_a_deleted_user_is_no_error(self, database: Database) -> None:
        assert not await deliver(database, Principal(uuid4()))
