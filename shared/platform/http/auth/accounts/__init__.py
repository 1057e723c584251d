"""Accounts that may not act: refused here from the commit on, at Supabase Auth soon after.

The table ``account_locks`` is the truth. Auth is brought in line with what stands there when it is
asked, so it does not matter how often, in which order or by whom that is done.
"""

from typing import Final, Literal
from uuid import UUID, uuid4

import httpx

from shared.platform.data import outbox
from shared.platform.data.db import Database, Transaction
from shared.platform.http.auth.accounts import repo
from shared.platform.http.auth.supabase_client import auth_client

State = Literal["disabled", "deleted"]

BAN: Final = "876000h"  # a hundred years: Auth knows no ban without an end


async def lock(transaction: Transaction, user_id: UUID, state: State) -> bool:
    """Whether this changes anything: a deleted account stays deleted."""
    if not await repo.set_state(transaction, user_id, state):
        return False
    await _promise(transaction, user_id)
    return True


async def unlock(transaction: Transaction, user_id: UUID) -> bool:
    """Whether the account was disabled; it may act again then."""
    if not await repo.end_disabled(transaction, user_id):
        return False
    await _promise(transaction, user_id)
    return True


async def find_state(transaction: Transaction, user_id: UUID) -> State | None:
    """Why the account may not act; None when it may."""
    return await repo.find_state(transaction, user_id)


async def forget_deleted(transaction: Transaction) -> None:
    """Forgets accounts whose last access token has expired."""
    await repo.forget_deleted(transaction)


async def _promise(transaction: Transaction, user_id: UUID) -> None:
    key = f"account:{user_id}:{uuid4()}"
    await outbox.add(transaction, AlignAccount(user_id=user_id), key=key)


class AlignAccount(outbox.Effect):
    """Supabase Auth is told what stands here of an account."""

    kind = "align_account"

    user_id: UUID


class AuthAccounts:
    """The accounts at Supabase Auth, seen with the service role."""

    def __init__(
        self, database: Database, supabase_url: str, service_role_key: str, http: httpx.AsyncClient
    ) -> None:
        self._database = database
        self._project = supabase_url, service_role_key
        self._http = http

    async def align(self, user_id: UUID) -> None:
        """Bans, admits or deletes the user, as our lock says. A second call changes nothing.

        Tried once: the outbox comes again. No row is locked meanwhile, but who aligns the same
        account waits, so that the last word is the newest.

        Raises:
            AuthError: Auth has not done it and must be asked again.
        """
        from supabase_auth.errors import AuthError

        users = auth_client(*self._project, self._http).admin
        async with self._database.transaction() as transaction:
            await repo.wait_for_others(transaction, user_id)
            state = await repo.find_state(transaction, user_id)
            try:
                if state == "deleted":
                    await users.delete_user(str(user_id))
                else:
                    ban = BAN if state == "disabled" else "none"
                    await users.update_user_by_id(str(user_id), {"ban_duration": ban})
            except AuthError as error:
                if str(error.code) != "user_not_found":
                    raise
