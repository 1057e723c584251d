"""Administrators disable, enable and delete accounts and give credits."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from shared.admin import service as admin
from shared.admin.errors import AccountDeleted, OwnAccount
from shared.admin.schemas import CreditGrant, Decision, UserUpdate
from shared.credits.errors import BalanceFull
from shared.jobs import service as jobs
from shared.platform.data.db import Database, Transaction
from shared.platform.errors import AccountDisabled, Forbidden, NotFound
from shared.platform.http.auth import accounts
from shared.platform.http.auth.principal import Principal
from tests.integration.admin.decisions import (
    WHY,
    delete,
    disable,
    enable,
    make_admin,
    make_administrator,
)  # fmt: skip
from tests.integration.conftest import MakeJob, rows


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


async def until_somebody_waits(database: Database) -> None:
    waiting = 0
    async with asyncio.timeout(20):
        while not waiting:
            async with database.transaction() as transaction:
                await transaction.connection.execute("RESET ROLE")  # it sees no other's state
                cursor = await transaction.connection.execute(
                    "SELECT FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                waiting = cursor.rowcount


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
        boss: Principal,
        owner: Principal,
        make_job: MakeJob,
    ) -> None:
        job = await make_job()

        async def start(transaction: Transaction) -> None:
            await jobs.start_job(transaction, owner, job.id)

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

    async def test_an_administrator_who_starts_a_job_meanwhile_is_stopped_all_the_same(
        self, database: Database, boss: Principal, make_job: MakeJob
    ) -> None:
        second = await make_admin(database)
        job = await make_job(of=second)
        async with database.transaction(second.user_id) as starting:
            await jobs.lock_own(starting, second, job.id)
            act = asyncio.create_task(disable(database, boss, second))
            await until_somebody_waits(database)
            assert (await jobs.start_job(starting, second, job.id)).status == "running"
        assert (await act).state == "disabled"
        assert await rows(database, "SELECT status FROM crawl_jobs") == [{"status": "cancelled"}]

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
        for act in (disable, enable, make_administrator):
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

    async def test_are_no_more_than_an_account_can_hold(
        self, database: Database, boss: Principal, owner: Principal
    ) -> None:
        query = "UPDATE credit_accounts SET current_balance = %(most)s RETURNING id"
        await rows(database, query, most=2**31 - 2)
        for amount, outcome in ((2, "full"), (1, "given"), (1, "full")):
            grant = CreditGrant(amount=amount, reason="why")
            try:
                async with database.transaction() as transaction:
                    await admin.grant_credits(transaction, boss, owner.user_id, grant)
                assert outcome == "given"
            except BalanceFull:
                assert outcome == "full"

    async def test_are_nothing_to_the_deleted(
        self, database: Database, boss: Principal, owner: Principal
    ) -> None:
        await delete(database, boss, owner)
        async with database.transaction() as transaction:
            with pytest.raises(AccountDeleted):
                await admin.grant_credits(
                    transaction, boss, owner.user_id, CreditGrant(amount=1, reason="why")
                )


class TestWithoutCreditAccount:
    """What an administrator gives somebody must not be on record alone."""

    @pytest.mark.parametrize("gift", ["tier", "credits"])
    async def test_there_is_nothing_to_give_it_to(
        self, database: Database, boss: Principal, owner: Principal, gift: str
    ) -> None:
        await rows(database, "DELETE FROM credit_transactions RETURNING id")
        await rows(database, "DELETE FROM credit_accounts RETURNING id")
        gifts: dict[str, Callable[[Transaction], Awaitable[Any]]] = {
            "tier": lambda t: admin.update_user(t, boss, owner.user_id, UserUpdate(tier="pro")),
            "credits": lambda t: admin.grant_credits(
                t, boss, owner.user_id, CreditGrant(amount=1, reason="why")
            ),
        }
        with pytest.raises(NotFound, match="no credit account"):
            async with database.transaction() as transaction:
                await gifts[gift](transaction)
        assert await trail(database, boss) == []
