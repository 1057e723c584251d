"""Credits under concurrency and repetition."""

import asyncio

import pytest

from shared.app.settings import Settings
from shared.credits import repo
from shared.credits import service as credit_service
from shared.credits.errors import (
    InsufficientCredits,
    MonthlyLimitReached,
    PaymentsNotConfigured,
    UnknownPackage,
)
from shared.credits.schemas import BalanceOut, SettingsUpdate, TransactionQuery
from shared.credits.tiers import PACKAGES, TIERS
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob, make_user, rows


async def balance(database: Database, owner: Principal) -> BalanceOut:
    async with database.transaction() as transaction:
        return await credit_service.get_balance(transaction, owner)


async def hold(database: Database, owner: Principal, job_id: int, attempt: int, amount: int) -> int:
    try:
        async with database.transaction() as transaction:
            await credit_service.hold_credits(
                transaction, owner.user_id, job_id=job_id, attempt=attempt, amount=amount
            )
    except InsufficientCredits:
        return 0
    return 1


async def settle(database: Database, job_id: int, attempt: int, used: int) -> None:
    async with database.transaction() as transaction:
        await credit_service.settle_hold(transaction, job_id=job_id, attempt=attempt, used=used)


async def ledger(database: Database, owner: Principal) -> list[tuple[int, int]]:
    async with database.transaction() as transaction:
        cursor = await transaction.connection.execute(
            """
            SELECT amount, balance_after FROM credit_transactions
            WHERE user_id = %(user_id)s ORDER BY created_at
            """,
            {"user_id": owner.user_id},
        )
        return [(row["amount"], row["balance_after"]) for row in await cursor.fetchall()]


class TestHolds:
    async def test_parallel_holds_never_exceed_the_balance(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        done = await asyncio.gather(*(hold(database, owner, job.id, n, 7) for n in range(1, 61)))
        assert sum(done) == 100 // 7
        account = await balance(database, owner)
        assert (account.reserved, account.available) == (98, 2)

    async def test_refusal_names_the_shortfall(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        async with database.transaction() as transaction:
            with pytest.raises(InsufficientCredits) as caught:
                await credit_service.hold_credits(
                    transaction, owner.user_id, job_id=job.id, attempt=1, amount=130
                )
        assert caught.value.extra["shortfall"] == 30

    async def test_settling_charges_what_was_used_and_returns_the_rest_once(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        await hold(database, owner, job.id, 1, 50)
        await asyncio.gather(*(settle(database, job.id, 1, 30) for _ in range(10)))
        account = await balance(database, owner)
        assert (account.balance, account.reserved, account.monthly_usage) == (70, 0, 30)
        assert await ledger(database, owner) == [(100, 100), (-30, 70)]

    async def test_nothing_used_leaves_no_ledger_row(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        await hold(database, owner, job.id, 1, 50)
        await settle(database, job.id, 1, 0)
        assert await ledger(database, owner) == [(100, 100)]
        assert (await balance(database, owner)).available == 100


class TestMonthlyLimit:
    async def test_the_figure_of_a_new_account_binds_nobody(
        self, database: Database, owner: Principal, settings: Settings, make_job: MakeJob
    ) -> None:
        async with database.transaction() as transaction:
            await credit_service.purchase(transaction, owner, settings, "pro")
        job = await make_job()
        assert await hold(database, owner, job.id, 1, 5000) == 1

    async def test_a_limit_of_ones_own_counts_what_is_used_and_held(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        async with database.transaction() as transaction:
            update = SettingsUpdate(monthly_limit=50)
            account = await credit_service.update_settings(transaction, owner, update)
        assert (account.monthly_limit, account.monthly_limit_enforced) == (50, True)
        job = await make_job()
        assert await hold(database, owner, job.id, 1, 20) == 1
        await settle(database, job.id, 1, 20)
        assert await hold(database, owner, job.id, 2, 20) == 1
        with pytest.raises(MonthlyLimitReached, match="leaves 10"):
            await hold(database, owner, job.id, 3, 11)
        assert await hold(database, owner, job.id, 4, 10) == 1

    async def test_last_months_usage_is_forgotten(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        await hold(database, owner, job.id, 1, 20)
        await settle(database, job.id, 1, 20)
        await rows(
            database,
            """
            UPDATE credit_transactions SET created_at = created_at - interval '32 days'
            WHERE type = 'usage' RETURNING id
            """,
        )
        for _ in range(2):
            async with database.transaction() as transaction:
                await credit_service.refresh_usage(transaction)
        assert (await balance(database, owner)).monthly_usage == 0
        assert await rows(database, "SELECT monthly_usage FROM credit_accounts") == [
            {"monthly_usage": 0}
        ]


class TestLedger:
    async def test_pages_visit_every_row_once_newest_first(
        self, database: Database, owner: Principal, settings: Settings
    ) -> None:
        async def buy() -> None:
            async with database.transaction() as transaction:
                await credit_service.purchase(transaction, owner, settings, "starter")

        await asyncio.gather(*(buy() for _ in range(5)))
        seen, cursor = [], None
        while True:
            query = TransactionQuery(limit=2, cursor=cursor, type="purchase")
            async with database.reading(owner.claims) as transaction:
                page = await credit_service.list_transactions(transaction, owner, query)
            seen += [row.balance_after for row in page.data]
            cursor = page.meta.next_cursor
            if cursor is None:
                break
        assert seen == [2600, 2100, 1600, 1100, 600]


class TestPost:
    async def test_a_reference_is_booked_once_in_each_account(
        self, database: Database, owner: Principal
    ) -> None:
        other = await make_user(database)
        async with database.transaction() as transaction:
            booked = [
                await repo.post(
                    transaction,
                    user.user_id,
                    kind="bonus",
                    amount=5,
                    description="",
                    reference="spring",
                    metadata={},
                )
                for user in (owner, other, owner)
            ]
        assert booked == [True, True, False]


class TestPurchase:
    async def test_is_granted_in_development(
        self, database: Database, owner: Principal, settings: Settings
    ) -> None:
        async with database.transaction() as transaction:
            account = await credit_service.purchase(transaction, owner, settings, "starter")
        assert account.balance == 600
        assert (await ledger(database, owner))[-1] == (500, 600)

    async def test_raises_the_tier_and_never_lowers_it(
        self, database: Database, owner: Principal, settings: Settings
    ) -> None:
        seen = []
        for package in ("starter", "pro", "starter", "enterprise", "pro", "starter"):
            async with database.transaction() as transaction:
                account = await credit_service.purchase(transaction, owner, settings, package)
            seen.append((account.tier, account.max_running_jobs, account.max_images_per_job))
        free, pro, enterprise = (
            (tier, limits.running_jobs, limits.images_per_job) for tier, limits in TIERS.items()
        )
        assert seen == [free, pro, pro, enterprise, enterprise, enterprise]

    async def test_at_once_the_greater_tier_stays(
        self, database: Database, owner: Principal, settings: Settings
    ) -> None:
        async def buy(package: str) -> None:
            async with database.transaction() as transaction:
                await credit_service.purchase(transaction, owner, settings, package)

        await asyncio.gather(*(buy(package) for package in [*PACKAGES] * 4))
        account = await balance(database, owner)
        assert account.tier == "enterprise"
        assert account.balance == 100 + 4 * sum(package.credits for package in PACKAGES.values())

    @pytest.mark.parametrize("environment", ["staging", "production"])
    async def test_nothing_is_granted_where_somebody_would_have_to_pay(
        self, database: Database, owner: Principal, settings: Settings, environment: str
    ) -> None:
        elsewhere = settings.model_copy(update={"environment": environment})
        with pytest.raises(PaymentsNotConfigured):
            async with database.transaction() as transaction:
                await credit_service.purchase(transaction, owner, elsewhere, "pro")
        assert (await balance(database, owner)).balance == 100

    async def test_is_of_one_of_the_packages(
        self, database: Database, owner: Principal, settings: Settings
    ) -> None:
        async with database.transaction() as transaction:
            with pytest.raises(UnknownPackage, match="are starter, pro, enterprise"):
                await credit_service.purchase(transaction, owner, settings, "standard")


class TestSignupBonus:
    @pytest.mark.parametrize("bonus", [7, 0])
    async def test_is_what_the_settings_say(
        self, database: Database, settings: Settings, bonus: int
    ) -> None:
        generous = settings.model_copy(update={"signup_bonus_credits": bonus})
        for _ in range(2):
            async with database.transaction() as transaction:
                await credit_service.publish_signup_bonus(transaction, generous)
        user = await make_user(database)
        found = await rows(
            database,
            """
            SELECT current_balance, (SELECT coalesce(sum(amount), 0)::int
              FROM credit_transactions AS t WHERE t.user_id = a.user_id) AS ledger
            FROM credit_accounts AS a WHERE user_id = %(user)s
            """,
            user=user.user_id,
        )
        assert found == [{"current_balance": bonus, "ledger": bonus}]
