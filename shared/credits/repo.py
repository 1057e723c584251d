"""The tables ``credit_accounts``, ``credit_transactions`` and ``credit_holds``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from shared.credits.errors import BalanceFull
from shared.credits.schemas import BalanceOut, TransactionOut
from shared.credits.tiers import Tier
from shared.platform.data.db import Transaction
from shared.platform.http.pagination import Instant


@dataclass(frozen=True, slots=True)
class SettledHold:
    """Whose credits were held, how many, and how many of them were charged."""

    user_id: UUID
    amount: int
    charged: int


async def find_balance(transaction: Transaction, user_id: UUID) -> BalanceOut | None:
    """The user's account."""
    return await transaction.fetch_one(
        BalanceOut,
        """
        SELECT current_balance AS balance, reserved_balance AS reserved,
          current_balance - reserved_balance AS available, monthly_limit,
          monthly_limit_enforced, auto_refill_enabled, refill_threshold, refill_amount, tier,
          (SELECT coalesce(-sum(amount), 0)::int FROM credit_transactions
           WHERE user_id = %(user_id)s AND type = 'usage'
             AND created_at >= date_trunc('month', now(), 'UTC')) AS monthly_usage
        FROM credit_accounts WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id},
    )


async def find_tier(transaction: Transaction, user_id: UUID) -> Tier | None:
    """The tier of the user's account."""
    cursor = await transaction.connection.execute(
        "SELECT tier FROM credit_accounts WHERE user_id = %(user_id)s", {"user_id": user_id}
    )
    row = await cursor.fetchone()
    return cast("Tier", row["tier"]) if row else None


async def set_tier(
    transaction: Transaction, user_id: UUID, tier: Tier, *, among: Sequence[Tier]
) -> bool:
    """The user's account has the tier, if there is one and it had one ``among`` those."""
    cursor = await transaction.connection.execute(
        """
        UPDATE credit_accounts SET tier = %(tier)s
        WHERE user_id = %(user_id)s AND tier = ANY(%(among)s::text[])
        """,
        {"user_id": user_id, "tier": tier, "among": list(among)},
    )
    return cursor.rowcount == 1


async def lock_account(transaction: Transaction, user_id: UUID) -> None:
    """Nobody else reserves or spends the user's credits until the commit."""
    await transaction.connection.execute(
        "SELECT FROM credit_accounts WHERE user_id = %(user_id)s FOR NO KEY UPDATE",
        {"user_id": user_id},
    )


async def reserve(transaction: Transaction, user_id: UUID, amount: int) -> bool:
    """Reserves ``amount`` if the account has that much to spare."""
    cursor = await transaction.connection.execute(
        """
        UPDATE credit_accounts SET reserved_balance = reserved_balance + %(amount)s
        WHERE user_id = %(user_id)s AND current_balance - reserved_balance >= %(amount)s
        """,
        {"user_id": user_id, "amount": amount},
    )
    return cursor.rowcount == 1


async def insert_hold(
    transaction: Transaction, user_id: UUID, *, job_id: int, attempt: int, amount: int
) -> None:
    """Notes what the reserved credits are for."""
    await transaction.connection.execute(
        """
        INSERT INTO credit_holds (user_id, job_id, attempt, amount)
        VALUES (%(user_id)s, %(job_id)s, %(attempt)s, %(amount)s)
        """,
        {"user_id": user_id, "job_id": job_id, "attempt": attempt, "amount": amount},
    )


async def settle_hold(
    transaction: Transaction, *, job_id: int, attempt: int, charge: int
) -> SettledHold | None:
    """The hold; None when it was settled before."""
    return await transaction.fetch_one(
        SettledHold,
        """
        UPDATE credit_holds
        SET status = 'settled', charged = least(%(charge)s, amount)
        WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND status = 'held'
        RETURNING user_id, amount, charged
        """,
        {"job_id": job_id, "attempt": attempt, "charge": charge},
    )


async def release(transaction: Transaction, user_id: UUID, *, amount: int, charge: int) -> None:
    """Frees reserved credits; what was charged leaves the balance through the ledger."""
    await transaction.connection.execute(
        """
        UPDATE credit_accounts SET reserved_balance = reserved_balance - %(amount)s,
          monthly_usage = monthly_usage + %(charge)s
        WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id, "amount": amount, "charge": charge},
    )


async def update_settings(transaction: Transaction, user_id: UUID, changes: dict[str, Any]) -> None:
    """Makes ``changes`` to the settings of the user's account."""
    await transaction.connection.execute(
        """
        UPDATE credit_accounts AS a SET (
          auto_refill_enabled, refill_threshold, refill_amount, monthly_limit,
          monthly_limit_enforced
        ) = (
          SELECT auto_refill_enabled, refill_threshold, refill_amount, monthly_limit,
            monthly_limit_enforced
          FROM jsonb_populate_record(a, %(changes)s::jsonb)
        )
        WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id, "changes": Jsonb(changes)},
    )


async def refresh_usage(transaction: Transaction) -> int:
    """Recomputes the usage figures that the frontend reads; returns how many accounts changed."""
    cursor = await transaction.connection.execute(
        """
        WITH used AS (
          SELECT a.id,
            coalesce(-sum(t.amount) FILTER (
              WHERE t.created_at >= date_trunc('month', now(), 'UTC')), 0)::int AS month,
            round(coalesce(-sum(t.amount) FILTER (
              WHERE t.created_at >= now() - interval '30 days'), 0) / 30.0, 2) AS daily
          FROM credit_accounts AS a
          LEFT JOIN credit_transactions AS t ON t.account_id = a.id AND t.type = 'usage'
            AND t.created_at >= now() - interval '31 days'
          GROUP BY a.id
        ), changed AS (
          SELECT a.id, month, daily FROM credit_accounts AS a JOIN used USING (id)
          WHERE (monthly_usage, average_daily_usage) IS DISTINCT FROM (month, daily)
          ORDER BY a.id FOR NO KEY UPDATE OF a
        )
        UPDATE credit_accounts SET monthly_usage = month, average_daily_usage = daily
        FROM changed WHERE credit_accounts.id = changed.id
        """
    )
    return cursor.rowcount


async def list_transactions(
    transaction: Transaction, user_id: UUID, *, kind: str | None, before: Instant, limit: int
) -> list[TransactionOut]:
    """Up to ``limit`` rows of the user's ledger under ``before``, newest first."""
    return await transaction.fetch(
        TransactionOut,
        """
        SELECT id, type, description, amount, balance_after, status, metadata, created_at
        FROM credit_transactions
        WHERE user_id = %(user_id)s AND (created_at, id) < (%(moment)s, %(id)s)
          AND (%(kind)s::text IS NULL OR type = %(kind)s)
        ORDER BY created_at DESC, id DESC LIMIT %(limit)s
        """,
        {
            "user_id": user_id,
            "kind": kind,
            "moment": before[0],
            "id": before[1],
            "limit": limit,
        },
    )


_POST = """
WITH account AS (
  UPDATE credit_accounts SET current_balance = current_balance + %(amount)s
  WHERE user_id = %(user_id)s
    AND NOT EXISTS (SELECT FROM credit_transactions
      WHERE account_id = credit_accounts.id AND reference = %(reference)s)
  RETURNING id, user_id, current_balance
)
INSERT INTO credit_transactions
  (account_id, user_id, type, description, amount, balance_after, metadata, reference,
   created_at)
SELECT id, user_id, %(kind)s, %(description)s, %(amount)s, current_balance,
  %(metadata)s, %(reference)s, clock_timestamp()
FROM account
"""


async def post(
    transaction: Transaction,
    user_id: UUID,
    *,
    kind: str,
    amount: int,
    description: str,
    reference: str,
    metadata: dict[str, Any],
) -> bool:
    """Books ``amount`` and its ledger row.

    False when ``reference`` was booked before, or there is no account. The row's time is taken with
    the account locked: the order of time is that of the balances.

    Raises:
        BalanceFull: a balance is a 32-bit integer.
    """
    values = {
        "user_id": user_id,
        "kind": kind,
        "amount": amount,
        "description": description,
        "reference": reference,
        "metadata": Jsonb(metadata),
    }
    try:
        cursor = await transaction.connection.execute(_POST, values)
    except psycopg.errors.NumericValueOutOfRange:
        raise BalanceFull(f"{amount} more are too many for this account.") from None
    return cursor.rowcount == 1


async def set_signup_bonus(transaction: Transaction, credits: int) -> None:
    """Writes down what a new account is given; nothing when that is known."""
    await transaction.connection.execute(
        """
        INSERT INTO service_settings AS stored (name, value)
        VALUES ('signup_bonus_credits', to_jsonb(%(credits)s::int))
        ON CONFLICT (name) DO UPDATE SET value = excluded.value
        WHERE stored.value <> excluded.value
        """,
        {"credits": credits},
    )
