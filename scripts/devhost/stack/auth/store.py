"""Users, sessions and refresh tokens in the schema `auth`."""

import secrets
import uuid
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

Row = dict[str, Any]


class EmailTakenError(Exception):
    """Another user has this address."""


class Store:
    """Each method is one transaction."""

    def __init__(self, url: str) -> None:
        self.pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
            url, min_size=1, max_size=8, open=False, timeout=10,
            kwargs={"row_factory": dict_row}, check=AsyncConnectionPool.check_connection,
        )  # fmt: skip

    async def _one(self, query: LiteralString, **values: Any) -> Row | None:
        async with self.pool.connection() as connection:
            return await (await connection.execute(query, values)).fetchone()

    async def create_user(
        self, *, user_id: uuid.UUID, email: str, password_hash: str | None, confirmed: bool,
        role: str, app_metadata: Row, user_metadata: Row,
    ) -> Row:  # fmt: skip
        """Insert the user; the product's trigger makes profile and account with it."""
        try:
            user = await self._one(
                """
                INSERT INTO auth.users (instance_id, id, aud, role, email, encrypted_password,
                  email_confirmed_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
                VALUES ('00000000-0000-0000-0000-000000000000', %(id)s, 'authenticated', %(role)s,
                  %(email)s, %(password)s, CASE WHEN %(confirmed)s THEN now() END,
                  %(app)s, %(user)s, now(), now())
                RETURNING *
                """,
                id=user_id, email=email, password=password_hash, confirmed=confirmed, role=role,
                app=Jsonb(app_metadata), user=Jsonb(user_metadata),
            )  # fmt: skip
        except UniqueViolation as error:
            raise EmailTakenError from error
        if user is None:
            raise LookupError("INSERT returned no row")
        return user

    async def find_user(self, user_id: uuid.UUID) -> Row | None:
        """The user with the id."""
        return await self._one("SELECT * FROM auth.users WHERE id = %(id)s", id=user_id)

    async def find_user_by_email(self, email: str) -> Row | None:
        """The user with the address."""
        return await self._one("SELECT * FROM auth.users WHERE email = %(email)s", email=email)

    async def list_users(self, limit: int, offset: int) -> tuple[list[Row], int]:
        """One page of users, newest first, and how many there are."""
        async with self.pool.connection() as connection:
            found = await connection.execute(
                "SELECT *, count(*) OVER () AS total FROM auth.users"
                " ORDER BY created_at DESC, id LIMIT %s OFFSET %s",
                (limit, offset),
            )
            users = await found.fetchall()
        return users, users[0]["total"] if users else 0

    async def update_user(self, user_id: uuid.UUID, changes: Row) -> Row | None:
        """Change address, password hash, role, metadata or ban; absent keys stay."""
        try:
            return await self._one(
                """
                UPDATE auth.users SET
                  email = coalesce(%(email)s, email),
                  encrypted_password = coalesce(%(password)s, encrypted_password),
                  role = coalesce(%(role)s, role),
                  email_confirmed_at = CASE WHEN %(confirmed)s
                    THEN coalesce(email_confirmed_at, now()) ELSE email_confirmed_at END,
                  raw_app_meta_data =
                    jsonb_strip_nulls(coalesce(raw_app_meta_data, '{}') || %(app)s),
                  raw_user_meta_data =
                    jsonb_strip_nulls(coalesce(raw_user_meta_data, '{}') || %(user)s),
                  banned_until = CASE WHEN %(ban)s::float IS NULL THEN banned_until
                    WHEN %(ban)s::float > 0 THEN now() + make_interval(secs => %(ban)s::float) END,
                  updated_at = now()
                WHERE id = %(id)s RETURNING *
                """,
                id=user_id, email=changes.get("email"), password=changes.get("password_hash"),
                role=changes.get("role"), confirmed=bool(changes.get("confirmed")),
                app=Jsonb(changes.get("app_metadata", {})),
                user=Jsonb(changes.get("user_metadata", {})), ban=changes.get("ban_seconds"),
            )  # fmt: skip
        except UniqueViolation as error:
            raise EmailTakenError from error

    async def delete_user(self, user_id: uuid.UUID) -> bool:
        """Delete the user and all that hangs on it."""
        row = await self._one("DELETE FROM auth.users WHERE id = %(id)s RETURNING id", id=user_id)
        return row is not None

    async def open_session(self, user_id: uuid.UUID) -> tuple[Row, Row, str]:
        """User, session and first refresh token of a sign-in."""
        token = secrets.token_urlsafe(16)
        async with self.pool.connection() as connection:
            user = await (
                await connection.execute(
                    "UPDATE auth.users SET last_sign_in_at = now(), updated_at = now()"
                    " WHERE id = %s RETURNING *",
                    (user_id,),
                )
            ).fetchone()
            session = await (
                await connection.execute(
                    "INSERT INTO auth.sessions (id, user_id, created_at, updated_at, aal)"
                    " VALUES (gen_random_uuid(), %s, now(), now(), 'aal1') RETURNING *",
                    (user_id,),
                )
            ).fetchone()
            if user is None or session is None:
                raise LookupError("no such user")
            await _add_token(connection, session, token, parent=None)
        return user, session, token

    async def rotate(self, token: str) -> tuple[Row, Row, str] | str:
        """The next session state for a refresh token, or the code of the refusal.

        A token that was used before ends the whole session: somebody has stolen it.
        """
        async with self.pool.connection() as connection:
            found = await (
                await connection.execute(
                    "SELECT t.*, u.banned_until > now() AS banned FROM auth.refresh_tokens AS t"
                    " JOIN auth.users AS u ON u.id = t.user_id::uuid"
                    " WHERE t.token = %s FOR UPDATE OF t",
                    (token,),
                )
            ).fetchone()
            if found is None:
                return "refresh_token_not_found"
            if found["banned"]:
                return "user_banned"
            if found["revoked"]:
                await connection.execute(
                    "UPDATE auth.refresh_tokens SET revoked = true WHERE session_id = %s",
                    (found["session_id"],),
                )
                return "refresh_token_already_used"
            await connection.execute(
                "UPDATE auth.refresh_tokens SET revoked = true, updated_at = now() WHERE id = %s",
                (found["id"],),
            )
            return await _renew(connection, found)

    async def find_session(self, session_id: uuid.UUID) -> Row | None:
        """The session with the id, unless it was ended."""
        return await self._one("SELECT * FROM auth.sessions WHERE id = %(id)s", id=session_id)

    async def end_sessions(
        self, user_id: uuid.UUID, session_id: uuid.UUID | None, scope: str
    ) -> None:
        """Sign out: this session (`local`), all (`global`) or all but this one (`others`)."""
        async with self.pool.connection() as connection:
            await connection.execute(
                "DELETE FROM auth.sessions WHERE user_id = %(user)s AND CASE %(scope)s"
                " WHEN 'local' THEN id = %(session)s WHEN 'others' THEN id <> %(session)s"
                " ELSE true END",
                {"user": user_id, "session": session_id, "scope": scope},
            )


async def _add_token(
    connection: AsyncConnection[DictRow], session: Row, token: str, parent: str | None
) -> None:
    await connection.execute(
        "INSERT INTO auth.refresh_tokens"
        " (token, user_id, session_id, parent, revoked, created_at, updated_at)"
        " VALUES (%s, %s, %s, %s, false, now(), now())",
        (token, str(session["user_id"]), session["id"], parent),
    )


async def _renew(connection: AsyncConnection[DictRow], used: Row) -> tuple[Row, Row, str]:
    token = secrets.token_urlsafe(16)
    session = await (
        await connection.execute(
            "UPDATE auth.sessions SET refreshed_at = now(), updated_at = now()"
            " WHERE id = %s RETURNING *",
            (used["session_id"],),
        )
    ).fetchone()
    if session is None:
        raise LookupError("a refresh token without its session")
    user = await (
        await connection.execute("SELECT * FROM auth.users WHERE id = %s", (session["user_id"],))
    ).fetchone()
    if user is None:
        raise LookupError("a session without its user")
    await _add_token(connection, session, token, parent=used["token"])
    return user, session, token
