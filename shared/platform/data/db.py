"""PostgreSQL: one pool per process, one transaction per unit of work."""

import asyncio
import json
import selectors
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, LiteralString, Self, TypeVar, cast
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, class_row, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from shared.platform.errors import AccountDisabled, Unavailable
from shared.platform.observe.logging import get_logger
from shared.platform.settings import PlatformSettings

if TYPE_CHECKING:
    from shared.platform.durable import OrchestrationClient

log = get_logger(__name__)
Row = TypeVar("Row")

SUPAVISOR_TRANSACTION_PORT = 6543  # pools per transaction: prepared statements do not survive there
TRUSTED_IDLE_SECONDS = 30


class Connection(psycopg.AsyncConnection[DictRow]):
    """A connection; with ``claims`` each statement runs in a transaction of the caller's own.

    That is what ``execute`` does. Nothing else gets through then: it would run as the login role,
    which sees everything.
    """

    claims: str | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._turn = asyncio.Lock()
        self._speaker: asyncio.Task[Any] | None = None

    @asynccontextmanager
    async def as_caller(self) -> AsyncIterator[None]:
        """What the task sends meanwhile is one transaction, which it opens in the caller's role.

        Another task waits: the end of its transaction would end the role of this one.
        """
        async with self._turn:
            self._speaker = asyncio.current_task()
            try:
                # What a pipeline sends at once is one transaction: the role ends with it.
                async with self.pipeline():
                    yield
            finally:
                self._speaker = None

    def wait(self, *arguments: Any, **options: Any) -> Any:
        """Everything that psycopg says to the server goes through here, and is awaited.

        Raises:
            NotSupportedError: it would not run in the caller's role.
        """
        if self.claims is not None and asyncio.current_task() is not self._speaker:
            raise psycopg.NotSupportedError("Only execute() of a cursor reads as the caller.")
        return super().wait(*arguments, **options)


class Transaction:
    """One open transaction; what services and repositories work on.

    ``outbox`` collects the ids of the outbox rows written, to be sent right after the commit, with
    ``client`` where there is one; ``stale`` the names of cached values that the commit makes
    untrue.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.outbox: list[int] = []
        self.client: OrchestrationClient | None = None
        self.stale: set[str] = set()

    @asynccontextmanager
    async def without_nested_loops(self) -> AsyncIterator[None]:
        """Meanwhile the planner joins by other means, and compiles nothing.

        Of many new rows it may think that they are few, and then a nested loop never ends. Each
        statement of `Database.reading` is a transaction of its own: there it does nothing.
        """
        await self.connection.execute("SET LOCAL enable_nestloop TO off; SET LOCAL jit TO off")
        yield
        await self.connection.execute(
            "SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL jit TO DEFAULT"
        )

    async def fetch(
        self, kind: type[Row], query: LiteralString, values: Mapping[str, Any] | None = None
    ) -> list[Row]:
        """The rows that a statement gives, each as a ``kind``, whose fields are the columns."""
        async with self.connection.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(query, values)
            return await cursor.fetchall()

    async def fetch_one(
        self, kind: type[Row], query: LiteralString, values: Mapping[str, Any] | None = None
    ) -> Row | None:
        """The first of these rows, if there is one."""
        async with self.connection.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(query, values)
            return await cursor.fetchone()


class Database:
    """The pool. ``transaction`` runs as the service role, ``reading`` as the caller's own role.

    ``follow`` does what follows each commit.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        follow: Callable[[Transaction], Awaitable[None]] | None = None,
    ) -> None:
        self._follow = follow
        url = settings.database_url.get_secret_value()
        pooled = str(conninfo_to_dict(url).get("port")) == str(SUPAVISOR_TRANSACTION_PORT)
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            connection_class=Connection,
            min_size=1,
            max_size=settings.database_pool_size + settings.database_max_overflow,
            timeout=5,
            check=self._check if settings.database_pool_pre_ping else None,
            open=False,
            kwargs={
                "row_factory": dict_row,
                "autocommit": True,
                "prepare_threshold": None if pooled else 5,
                "connect_timeout": 5,
                "application_name": "pixcrawler",
                "cursor_factory": _EchoingCursor if settings.database_echo else _Cursor,
            },
        )
        self._used: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
        self._opened = False

    @asynccontextmanager
    async def transaction(self, caller: UUID | None = None) -> AsyncIterator[Transaction]:
        """One transaction as ``service_role``: committed at the end, rolled back on any error.

        With a ``caller`` it has the first lock of the order that docs/reliability.md gives: their
        profile stays until the commit.

        Raises:
            AccountDisabled: the ``caller`` it is for may not act.
            Unavailable: the database cannot be reached.
        """
        async with self.connection() as connection:
            cursor = psycopg.AsyncClientCursor(connection)
            await cursor.execute(_BEGIN_AS_SERVICE, {"caller": caller})
            cursor.nextset()
            _refuse_locked(await cursor.fetchone())
            transaction = Transaction(connection)
            yield transaction
        if self._follow:
            await self._follow(transaction)

    @asynccontextmanager
    async def reading(self, claims: Mapping[str, Any]) -> AsyncIterator[Transaction]:
        """Reads as ``authenticated`` with ``claims``: row-level security applies.

        Each statement is a transaction and one round trip of its own.

        Raises:
            AccountDisabled: by the first statement, if the account may not act.
            Unavailable: the database cannot be reached.
        """
        async with self.connection() as connection:
            connection.claims = json.dumps(claims)
            try:
                yield Transaction(connection)
            finally:
                connection.claims = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection on which each statement commits by itself until one says BEGIN.

        Raises:
            Unavailable: the database cannot be reached.
        """
        if not self._opened:
            self._opened = True
            await self._pool.open()
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (
            psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout,
            psycopg.errors.IdleInTransactionSessionTimeout,
        ) as error:  # fmt: skip
            name = type(error).__name__  # a full pool and a deadlock look the same to the caller
            log.bind(error=name, **self.pool_stats()).warning("database not reachable")
            raise Unavailable("The database is not reachable.") from error

    def pool_stats(self) -> dict[str, int]:
        """Connections of this process: ``open``, ``idle``, and requests ``waiting`` for one."""
        stats = self._pool.get_stats()
        return {
            "open": stats.get("pool_size", 0),
            "idle": stats.get("pool_available", 0),
            "waiting": stats.get("requests_waiting", 0),
        }

    async def _check(self, connection: Connection) -> None:
        """Tries a connection, by a round trip only when it may be dead.

        A healthy one is silent; one that its server ended has the farewell waiting; one that was
        idle for long may have been dropped by the network without a word.
        """
        now = time.monotonic()
        idle = now - self._used.get(connection, now)
        self._used[connection] = now
        with _Selector() as selector:
            selector.register(connection.fileno(), selectors.EVENT_READ)
            if selector.select(0) or idle > TRUSTED_IDLE_SECONDS:
                await connection.execute("")

    async def close(self) -> None:
        """Closes every connection."""
        await self._pool.close()


class _Cursor(psycopg.AsyncCursor[Any]):
    """Runs statements in the caller's place while the connection has their claims."""

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        connection = cast("Connection", self.connection)
        if connection.claims is None:
            return await super().execute(query, params, **options)
        async with connection.as_caller():
            caller = psycopg.AsyncCursor(connection)
            await caller.execute(_AS_CALLER, {"claims": connection.claims})
            await super().execute(query, params, **options)
        _refuse_locked(await caller.fetchone())
        return self


def _refuse_locked(row: Any) -> None:
    if row["locked"]:
        raise AccountDisabled("This account is disabled.")


class _EchoingCursor(_Cursor):
    """Logs each statement, without its parameters."""

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        log.bind(sql=" ".join(str(query).split())).info("statement")
        return await super().execute(query, params, **options)


# The cheapest way to look at one file descriptor; Windows has but select.
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)

# One round trip: the statements of a simple query travel together. A process that stops in the
# middle of a transaction must not hold its locks for ever. Whether the caller may act costs none.
_BEGIN_AS_SERVICE = """
BEGIN;
SELECT set_config('timezone', 'UTC', true), set_config('role', 'service_role', true),
  set_config('request.jwt.claims', '', true), set_config('lock_timeout', '60s', true),
  set_config('idle_in_transaction_session_timeout', '60s', true),
  EXISTS (SELECT FROM account_locks WHERE user_id = %(caller)s::uuid) AS locked;
SELECT FROM profiles WHERE id = %(caller)s::uuid FOR KEY SHARE
"""
_AS_CALLER = """
SELECT set_config('transaction_read_only', 'on', true), set_config('timezone', 'UTC', true),
  set_config('role', 'authenticated', true), set_config('request.jwt.claims', %(claims)s, true),
  EXISTS (SELECT FROM account_locks WHERE user_id = (%(claims)s::jsonb ->> 'sub')::uuid) AS locked
"""
