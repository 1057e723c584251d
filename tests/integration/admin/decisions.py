"""What administrators decide about accounts."""

from typing import Any

from shared.admin import service as admin
from shared.admin.schemas import Decision, UserUpdate
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import make_user, rows

WHY = Decision(reason="Sells what it crawls")


async def make_admin(database: Database) -> Principal:
    made = await make_user(database)
    query = "UPDATE profiles SET role = 'admin' WHERE id = %(id)s RETURNING id"
    await rows(database, query, id=made.user_id)
    return made


async def disable(database: Database, by: Principal, user: Principal) -> Any:
    async with database.transaction(by.user_id) as transaction:
        return await admin.disable_user(transaction, by, user.user_id, WHY)


async def enable(database: Database, by: Principal, user: Principal) -> Any:
    async with database.transaction(by.user_id) as transaction:
        return await admin.enable_user(transaction, by, user.user_id, WHY)


async def delete(database: Database, by: Principal, user: Principal) -> None:
    async with database.transaction(by.user_id) as transaction:
        await admin.delete_user(transaction, by, user.user_id, WHY)


async def make_administrator(database: Database, by: Principal, user: Principal) -> Any:
    async with database.transaction(by.user_id) as transaction:
        return await admin.update_user(transaction, by, user.user_id, UserUpdate(role="admin"))
