"""The tables ``credit_accounts``, ``credit_transactions`` and ``credit_holds``."""

from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from shared.credits.schemas import BalanceOut
from shared.platform.db import Transaction


async def find_balance(transaction: Transaction, user_id: UUID) -> BalanceOut | None:
    """The user's account."""
    async with transaction.connection.cursor(row_factory=class_row(BalanceOut)) as cursor:
        await cursor.execute(
            """
            SELECT current_balance AS balance, reserved_balance AS reserved,
              current_balance - reserved_balance AS available, monthly_usage, monthly_limit,
              auto_refill_enabled, refill_threshold, refill_amount
            FROM credit_accounts WHERE user_id = %(user_id)s
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


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
        INSERT INTO credit_holds (account_id, user_id, job_id, attempt, amount, status)
        SELECT id, user_id, %(job_id)s, %(attempt)s, %(amount)s, 'held'
        FROM credit_accounts WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id, "job_id": job_id, "attempt": attempt, "amount": amount},
    )


async def settle_hold(
    transaction: Transaction, *, job_id: int, attempt: int, charge: int
) -> dict[str, Any] | None:
    """The hold's ``user_id, amount, charged``; None when it was settled before."""
    cursor = await transaction.connection.execute(
        """
        UPDATE credit_holds
        SET status = 'settled', charged = least(%(charge)s, amount), settled_at = now()
        WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND status = 'held'
        RETURNING user_id, amount, charged
        """,
        {"job_id": job_id, "attempt": attempt, "charge": charge},
    )
    return await cursor.fetchone()


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
    """Books ``amount`` and its ledger row; False when ``reference`` was booked before."""
    cursor = await transaction.connection.execute(
        """
        WITH account AS (
          UPDATE credit_accounts SET current_balance = current_balance + %(amount)s
          WHERE user_id = %(user_id)s
            AND NOT EXISTS (SELECT FROM credit_transactions WHERE reference = %(reference)s)
          RETURNING id, user_id, current_balance
        )
        INSERT INTO credit_transactions
          (account_id, user_id, type, description, amount, balance_after, metadata, reference)
        SELECT id, user_id, %(kind)s, %(description)s, %(amount)s, current_balance,
          %(metadata)s, %(reference)s
        FROM account
        """,
        {
            "user_id": user_id,
            "kind": kind,
            "amount": amount,
            "description": description,
            "reference": reference,
            "metadata": Jsonb(metadata),
        },
    )
    return cursor.rowcount == 1
