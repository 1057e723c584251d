"""One order of locks for all that writes: no two operations wait for each other for ever.

With PIXCRAWLER_TEST_SCALE=full every pair, either of them halted before each of its statements.
"""

import random
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import product
from typing import Final

import psycopg
import pytest
from psycopg import sql

import functions.blueprints
from shared.app.settings import Settings
from shared.platform.data.db import Database
from shared.platform.errors import AppError, Unavailable
from shared.platform.http.registry import endpoints
from tests.integration.locks.operations import OPERATIONS, Operation
from tests.integration.locks.stepping import interleave, open_stepping
from tests.integration.locks.world import World, make_world
from tests.scale import FULL, sized

PAIRS: Final = sorted(product(OPERATIONS, repeat=2))
PARTS: Final = 40  # of all pairs: so that workers share them
SEED: Final = 16
# What was a deadlock once.
ALWAYS: Final = {
    ("stop_job", "delete busy project"),
    ("finish", "delete busy project"),
    ("finish", "delete_user"),
    ("delete_user", "Auth deletes account"),
    ("disable_user", "Auth deletes account"),
    ("disable_user", "delete busy project"),
    ("purchase_credits", "Auth deletes account"),
}


# Other names of the same, and what writes nothing.
SAME: Final = {
    "create_crawl_job", "cancel_crawl_job", "cancel_job", "read_notification",
    "mark_all_notifications_read", "verify_token",
}  # fmt: skip


@pytest.fixture
async def stepping(database: Database, settings: Settings) -> AsyncIterator[Database]:
    """The test's database, where operations can be halted."""
    opened = open_stepping(settings)
    yield opened
    await opened.close()


@pytest.fixture
async def monitor(database_url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Sees who waits; a deadlock is found soon."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as opened:
        name = sql.Identifier(opened.info.dbname)
        await opened.execute(
            sql.SQL("ALTER DATABASE {} SET deadlock_timeout = '50ms'").format(name)
        )
        yield opened


async def ends_of(
    monitor: psycopg.AsyncConnection, world: World, first: Operation, second: Operation, at: int
) -> tuple[set[str], bool]:
    """What else than done or refused came of the two, and whether ``first`` has so many statements.

    Past the API what is refused is refused by the database; whatever it is then, it is no lock that
    could not be had.
    """
    ends, halted = await interleave(monitor, world, first, second, at)
    bad = {
        f"{type(end).__name__}: {end.__cause__ or end}"
        for end in ends
        if isinstance(end, Unavailable)
        or (end is not None and not isinstance(end, AppError | psycopg.IntegrityError))
    }
    return bad, halted


async def try_pair(
    monitor: psycopg.AsyncConnection, database: Database, settings: Settings,
    first: Operation, second: Operation, places: Iterable[int],
) -> set[str]:  # fmt: skip
    """What came of the two at the ``places`` where the first halts, as far as it has statements."""
    found: set[str] = set()
    for at in places:
        world = await make_world(database, settings)
        bad, halted = await ends_of(monitor, world, first, second, at)
        found |= bad
        if not halted:
            break
    return found


def chosen(part: int) -> Iterator[tuple[tuple[str, ...], Iterable[int]]]:
    """All pairs at all places at full scale; else a tenth, each in one order and at one place."""
    if FULL:
        yield from ((pair, range(100)) for pair in PAIRS[part::PARTS])
        return
    chance = random.Random(SEED + part)
    yield from ((pair, [chance.randrange(8)]) for pair in chance.sample(PAIRS, len(PAIRS) // 80))


@pytest.mark.parametrize("part", range(sized(4, PARTS)))
async def test_no_pair_ends_in_a_deadlock(
    stepping: Database, monitor: psycopg.AsyncConnection, settings: Settings, part: int
) -> None:
    found = {}
    for pair, places in chosen(part):
        first, second = (OPERATIONS[name] for name in pair)
        found[pair] = await try_pair(monitor, stepping, settings, first, second, places)
    assert {pair: bad for pair, bad in found.items() if bad} == {}


@pytest.mark.parametrize("pair", sorted(ALWAYS))
async def test_what_was_one_is_none(
    stepping: Database, monitor: psycopg.AsyncConnection, settings: Settings, pair: tuple[str, str]
) -> None:
    first, second = (OPERATIONS[name] for name in pair)
    for one, other in ((first, second), (second, first)):
        for at in (1, 2, 7):
            assert await try_pair(monitor, stepping, settings, one, other, [at]) == set()


def test_every_endpoint_that_writes_is_among_them() -> None:
    assert functions.blueprints
    writing = {
        name
        for name, endpoint in endpoints.items()
        if endpoint.method != "GET" and endpoint.in_transaction and endpoint.access != "public"
    }
    assert writing - SAME == writing & OPERATIONS.keys()


async def test_a_deadlock_is_found(
    stepping: Database, monitor: psycopg.AsyncConnection, settings: Settings
) -> None:
    """As it was: who ends a job has locked it alone, and its second update wants the project."""

    async def end(world: World) -> None:
        async with world.database.transaction() as transaction:
            for _ in range(2):
                await transaction.connection.execute(
                    "UPDATE crawl_jobs SET progress = 1 WHERE id = %(id)s", {"id": world.running}
                )

    delete = OPERATIONS["delete busy project"]
    bad = await try_pair(monitor, stepping, settings, end, delete, [1])
    assert len(bad) == 1
    assert "deadlock" in bad.pop()
