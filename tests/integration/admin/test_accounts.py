"""Administrators disable, enable and delete accounts and give credits; Supabase Auth follows."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from supabase_auth import SyncGoTrueClient
from supabase_auth.errors import AuthApiError

from shared.admin import service as admin
from shared.admin.errors import AccountDeleted, OwnAccount
from shared.admin.schemas import CreditGrant, Decision, UserUpdate
from shared.identity import service as identity
from shared.identity.schemas import Credentials
from shared.jobs import service as jobs
from shared.platform import accounts
from shared.platform.accounts import AuthAccounts
from shared.platform.blob import BlobStore
from shared.platform.db import Database, Transaction
from shared.platform.errors import AccountDisabled, Forbidden, NotFound
from shared.platform.outbox import Dispatcher
from shared.platform.principal import Principal
from shared.platform.queue import QueueSender
from shared.platform.settings import Settings
from tests.integration.conftest import MakeJob, make_user, rows

WHY = Decision(reason="Sells what it crawls")
PASSWORD = "correct horse"


async def make_admin(database: Database) -> Principal:
    made = await make_user(database)
    query = "UPDATE profiles SET role = 'admin' WHERE id = %(id)s RETURNING id"
    await rows(database, query, id=made.user_id)
    return made


@pytest.fixture
async def boss(database: Database) -> Principal:
    return await make_admin(database)


async def disable(database: Database, by: Principal, user: Principal) -> Any:
    async with database.transaction(by.user_id) as transaction:
        return await admin.disable_user(transaction, by, user.user_id, WHY)


async def enable(database: Database, by: Principal, user: Principal) -> Any:
    async with database.transaction(by.user_id) as transaction:
        return await admin.enable_user(transaction, by, user.user_id, WHY)


async def delete(database: Database, by: Principal, user: Principal) -> None:
    async with database.transaction(by.user_id) as transaction:
        await admin.delete_user(transaction, by, user.user_id, WHY)


async def acts(database: Database, user: Principal) -> str:
    """What the user achieves: reading and writing are refused alike."""
    outcomes = set()
    for opened in (database.reading(user.claims), database.transaction(user.user_id)):
        try:
            async with opened as transaction:
                await transaction.connection.execute("SELECT id FROM projects")
            outcomes.add("passes")
        except AccountDisabled:
            outcomes.add("refused")
    (outcome,) = outcomes
    return outcome


async def trail(database: Database, of: Principal) -> list[dict[str, Any]]:
    query = """
        SELECT action, resource_id, metadata FROM activity_logs
        WHERE user_id = %(id)s AND resource_type = 'user' ORDER BY id
        """
    return await rows(database, query, id=of.user_id)


class TestDisable:
    async def test_refuses_at_once_until_it_is_enabled(
        self, database: Database, boss: Principal, owner: Principal
    ) -> None:
        assert await acts(database, owner) == "passes"
        assert (await disable(database, boss, owner)).state == "disabled"
        assert await acts(database, owner) == "refused"
        assert await acts(database, boss) == "passes"
        assert (await enable(database, boss, owner)).state == "active"
        assert await acts(database, owner) == "passes"

    async def test_stops_jobs_and_returns_what_they_hold(
        self, database: Database, boss: Principal, owner: Principal, make_job: MakeJob
    ) -> None:
        running, pending = await make_job(start=True), await make_job()
        await disable(database, boss, owner)
        states = await rows(database, "SELECT id, status FROM crawl_jobs ORDER BY id")
        assert {row["id"]: row["status"] for row in states} == {
            running.id: "cancelled", pending.id: "pending",
        }  # fmt: skip
        query = "SELECT reserved_balance FROM credit_accounts WHERE user_id = %(id)s"
        assert await rows(database, query, id=owner.user_id) == [{"reserved_balance": 0}]

    async def test_stands_in_the_trail_once_with_its_reason(
        self, database: Database, boss: Principal, owner: Principal
    ) -> None:
        for act in (disable, disable, enable, enable):
            await act(database, boss, owner)
        assert await trail(database, boss) == [
            {"action": f"user.{done}", "resource_id": str(owner.user_id),
             "metadata": {"reason": WHY.reason}}
            for done in ("disabled", "enabled")
        ]  # fmt: skip

    async def test_a_start_that_waited_meanwhile_starts_nothing(
        self,
        database: Database,
        settings: Settings,
        boss: Principal,
        owner: Principal,
        make_job: MakeJob,
    ) -> None:
        job = await make_job()

        async def start(transaction: Transaction) -> None:
            await jobs.start_job(transaction, owner, settings, job.id)

        async with database.transaction(owner.user_id) as late:
            async with database.transaction(boss.user_id) as transaction:
                await admin.disable_user(transaction, boss, owner.user_id, WHY)
                waiting = asyncio.create_task(start(late))
                await asyncio.sleep(0.2)
                assert not waiting.done()
            with pytest.raises(AccountDisabled):
                await waiting


class TestWho:
    @pytest.mark.parametrize("act", [disable, enable, delete])
    async def test_not_themselves_so_one_administrator_remains(
        self, database: Database, boss: Principal, act: Any
    ) -> None:
        with pytest.raises(OwnAccount):
            await act(database, boss, boss)
        assert await acts(database, boss) == "passes"

    @pytest.mark.parametrize("act", [disable, enable, delete])
    async def test_not_who_is_no_administrator_any_more(
        self, database: Database, boss: Principal, owner: Principal, act: Any
    ) -> None:
        with pytest.raises(Forbidden):
            await act(database, owner, boss)

    @pytest.mark.parametrize("act", [disable, enable, delete])
    async def test_not_whom_nobody_knows(
        self, database: Database, boss: Principal, act: Any
    ) -> None:
        with pytest.raises(NotFound):
            await act(database, boss, Principal(uuid4()))

    @pytest.mark.parametrize("act", [disable, delete])
    async def test_two_at_once_do_not_end_each_other(
        self, database: Database, boss: Principal, act: Any
    ) -> None:
        second = await make_admin(database)
        done = await asyncio.gather(
            act(database, boss, second), act(database, second, boss), return_exceptions=True
        )
        refused = [error for error in done if isinstance(error, BaseException)]
        assert [type(error) for error in refused] in ([Forbidden], [AccountDisabled])
        assert sorted([await acts(database, boss), await acts(database, second)]) == [
            "passes", "refused",
        ]  # fmt: skip

    async def test_a_role_is_taken_by_administrators_alone(
        self, database: Database, boss: Principal, owner: Principal
    ) -> None:
        async with database.transaction() as transaction:
            with pytest.raises(Forbidden):
                await admin.update_user(transaction, owner, boss.user_id, UserUpdate(role="user"))

    @pytest.mark.parametrize("reason", ["", " \u200b", "x" * 501])
    def test_a_decision_has_a_reason(self, reason: str) -> None:
        with pytest.raises(ValidationError):
            Decision(reason=reason)


class TestDelete:
    async def test_takes_jobs_and_projects_and_promises_the_rest(
        self, database: Database, boss: Principal, owner: Principal, make_job: MakeJob
    ) -> None:
        running, pending = await make_job(start=True), await make_job()
        await delete(database, boss, owner)
        assert await acts(database, owner) == "refused"
        assert await rows(database, "SELECT id FROM crawl_jobs") == []
        assert await rows(database, "SELECT id FROM projects") == []
        query = "SELECT reserved_balance FROM credit_accounts WHERE user_id = %(id)s"
        assert await rows(database, query, id=owner.user_id) == [{"reserved_balance": 0}]
        promised = await rows(
            database,
            "SELECT kind, payload FROM outbox WHERE kind = 'align_account'"
            " OR payload ->> 'queue' = 'blob-cleanup' ORDER BY id",
        )
        assert promised[0] == {"kind": "align_account", "payload": {"user_id": str(owner.user_id)}}
        cleaned = [row["payload"]["message"]["job_ids"] for row in promised[1:]]
        assert sorted(job_id for ids in cleaned for job_id in ids) == [running.id, pending.id]
        assert [row["action"] for row in await trail(database, boss)] == ["user.deleted"]

    async def test_again_changes_nothing_and_nothing_brings_it_back(
        self, database: Database, boss: Principal, owner: Principal
    ) -> None:
        for _ in range(2):
            await delete(database, boss, owner)
        for act in (disable, enable):
            with pytest.raises(AccountDeleted):
                await act(database, boss, owner)
        await rows(
            database, "DELETE FROM profiles WHERE id = %(id)s RETURNING id", id=owner.user_id
        )
        await delete(database, boss, owner)
        assert await acts(database, owner) == "refused"
        assert len(await trail(database, boss)) == 1

    @pytest.mark.parametrize(("days", "gone", "kept"), [(7, True, 1), (9, False, 1), (9, True, 0)])
    async def test_is_remembered_while_a_token_may_live(
        self, database: Database, boss: Principal, owner: Principal,
        days: int, gone: bool, kept: int,
    ) -> None:  # fmt: skip
        await delete(database, boss, owner)
        await rows(
            database,
            "UPDATE account_locks SET locked_at = now() - %(age)s RETURNING user_id",
            age=timedelta(days=days),
        )
        if gone:
            await rows(
                database, "DELETE FROM profiles WHERE id = %(id)s RETURNING id", id=owner.user_id
            )
        async with database.transaction() as transaction:
            await accounts.forget_deleted(transaction)
        assert len(await rows(database, "SELECT user_id FROM account_locks")) == kept


class TestCredits:
    async def test_are_given_and_on_record(
        self, database: Database, boss: Principal, owner: Principal
    ) -> None:
        grant = CreditGrant(amount=250, reason="For the lost crawl")
        async with database.transaction() as transaction:
            user = await admin.grant_credits(transaction, boss, owner.user_id, grant)
        assert user.credits == 350
        query = """
            SELECT type, amount, balance_after, description FROM credit_transactions
            WHERE user_id = %(id)s AND type = 'bonus' ORDER BY created_at DESC LIMIT 1
            """
        assert await rows(database, query, id=owner.user_id) == [
            {"type": "bonus", "amount": 250, "balance_after": 350, "description": grant.reason}
        ]
        (record,) = await trail(database, boss)
        assert record["action"] == "credits.granted"
        assert record["metadata"] == {"amount": 250, "reason": grant.reason}

    @pytest.mark.parametrize("amount", [0, -5, 1_000_001])
    def test_are_some_and_not_without_end(self, amount: int) -> None:
        with pytest.raises(ValidationError):
            CreditGrant(amount=amount, reason="why")

    async def test_are_nothing_to_the_deleted(
        self, database: Database, boss: Principal, owner: Principal
    ) -> None:
        await delete(database, boss, owner)
        async with database.transaction() as transaction:
            with pytest.raises(AccountDeleted):
                await admin.grant_credits(
                    transaction, boss, owner.user_id, CreditGrant(amount=1, reason="why")
                )


class Nothing:
    """A durable client that starts what it is told."""

    async def get_status(self, instance_id: str) -> Any: ...

    async def start_new(
        self,
        orchestration_function_name: str,
        instance_id: str | None = None,
        client_input: Any | None = None,
    ) -> str:
        return str(instance_id)


@pytest.fixture
async def dispatcher(database: Database, settings: Settings) -> AsyncIterator[Dispatcher]:
    blobs, queues = BlobStore(settings), QueueSender(settings)
    key = settings.supabase_service_role_key.get_secret_value()
    async with httpx.AsyncClient() as http:
        auth = AuthAccounts(settings.supabase_url, key, http)
        yield Dispatcher(database, blobs, queues, auth.align)
    await blobs.close()
    await queues.close()


async def send(dispatcher: Dispatcher) -> None:
    await dispatcher.send_overdue(Nothing(), older_than=timedelta(0))


class TestAuth:
    """The stand-in has its users in another database than the test."""

    @pytest.fixture
    def users(self, settings: Settings) -> Iterator[SyncGoTrueClient]:
        key = settings.supabase_service_role_key.get_secret_value()
        headers = {"apikey": key, "Authorization": f"Bearer {key}"}
        with SyncGoTrueClient(url=f"{settings.supabase_url}/auth/v1", headers=headers) as client:
            yield client

    @pytest.fixture
    def email(self, users: SyncGoTrueClient, owner: Principal) -> str:
        """The address with which the owner signs in."""
        address = f"{owner.user_id}@example.com"
        users.admin.create_user(
            {"id": str(owner.user_id), "email": address, "password": PASSWORD,
             "email_confirm": True}
        )  # fmt: skip
        return address

    async def test_bans_admits_and_deletes_as_the_lock_says(
        self, database: Database, settings: Settings, dispatcher: Dispatcher,
        users: SyncGoTrueClient, boss: Principal, owner: Principal, email: str,
    ) -> None:  # fmt: skip
        credentials = Credentials(email=email, password=SecretStr(PASSWORD))
        await disable(database, boss, owner)
        for _ in range(2):
            await send(dispatcher)
            with pytest.raises(AccountDisabled):
                await identity.sign_in(settings, credentials)
            await rows(database, "UPDATE outbox SET sent_at = NULL RETURNING id")
        await enable(database, boss, owner)
        await send(dispatcher)  # the order to ban once more, which has been overtaken
        assert (await identity.sign_in(settings, credentials)).user.id == owner.user_id
        await delete(database, boss, owner)
        for _ in range(2):
            await send(dispatcher)
            with pytest.raises(AuthApiError, match="User not found"):
                users.admin.get_user_by_id(str(owner.user_id))
            await rows(database, "UPDATE outbox SET sent_at = NULL RETURNING id")

    async def test_is_asked_again_until_it_has_done_it(
        self, database: Database, settings: Settings, dispatcher: Dispatcher,
        users: SyncGoTrueClient, boss: Principal, owner: Principal, email: str,
    ) -> None:  # fmt: skip
        await delete(database, boss, owner)
        async with httpx.AsyncClient() as http:
            down = AuthAccounts("http://127.0.0.1:1", "key", http)
            blobs, queues = dispatcher.blobs, dispatcher.queues
            await send(Dispatcher(database, blobs, queues, down.align))
        assert users.admin.get_user_by_id(str(owner.user_id)).user.email == email
        due = "UPDATE outbox SET available_at = now() WHERE sent_at IS NULL RETURNING attempts"
        assert await rows(database, due) == [{"attempts": 1}]
        await send(dispatcher)
        with pytest.raises(AuthApiError, match="User not found"):
            users.admin.get_user_by_id(str(owner.user_id))

    @pytest.mark.parametrize(
        ("duration", "hours"), [("24h", 24), ("1h30m", 1.5), ("none", None), ("876000h", 876000)]
    )
    def test_stand_in_bans_for_go_durations(
        self, users: SyncGoTrueClient, owner: Principal, email: str,
        duration: str, hours: float | None,
    ) -> None:  # fmt: skip
        user = users.admin.update_user_by_id(str(owner.user_id), {"ban_duration": duration}).user
        assert (user.banned_until is None) == (hours is None)

    @pytest.mark.parametrize("duration", ["100y", "1", "h", "1h 2m"])
    def test_stand_in_refuses_what_go_does_not_parse(
        self, users: SyncGoTrueClient, owner: Principal, email: str, duration: str
    ) -> None:
        with pytest.raises(AuthApiError, match="invalid format for ban duration") as refusal:
            users.admin.update_user_by_id(str(owner.user_id), {"ban_duration": duration})
        assert (refusal.value.status, refusal.value.code) == (400, "validation_failed")
