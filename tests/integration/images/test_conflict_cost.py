"""What a page of conflicts reads of a table in which most images are of no interest to it."""

from typing import LiteralString

import pytest

from shared.images import review_repo
from shared.jobs.schemas import JobOut
from shared.platform.data.db import Database, Transaction
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob

# Of 20,000 images in two jobs each tenth nearly is the one before it, each thousandth under
# another label; and 40 were found again under another keyword.
FILL: tuple[LiteralString, ...] = (
    """
    INSERT INTO crawl_keywords (job_id, keyword, position)
    SELECT id, keyword, position FROM crawl_jobs,
      unnest(ARRAY['cat', 'dog']) WITH ORDINALITY AS k (keyword, position)
    """,
    """
    INSERT INTO crawl_searches (job_id, keyword, engine, query)
    SELECT id, 'dog', 'openverse', 'dog' FROM crawl_jobs
    """,
    """
    INSERT INTO images (crawl_job_id, original_url, filename, hash, keyword, labels)
    SELECT id, 'https://images.example/' || n, n, encode(sha256(n::text::bytea), 'hex'), 'cat',
      jsonb_build_array(CASE n % 1000 WHEN 0 THEN 'dog' ELSE 'cat' END)
    FROM crawl_jobs, generate_series(1, 20000) AS n ORDER BY id, n
    """,
    """
    UPDATE images SET is_duplicate = true, duplicate_of = id - 1 WHERE filename::int % 10 = 0
    """,
    """
    INSERT INTO crawl_candidates
      (job_id, url, url_hash, search_id, keyword, engine, rank, outcome, copy_hash)
    SELECT job_id, 'https://images.example/again/' || n, sha256(n::text::bytea), id, 'dog',
      'openverse', n, 'exact_duplicate',
      CASE WHEN n % 500 = 1 THEN encode(sha256(n::text::bytea), 'hex') END
    FROM crawl_searches, generate_series(1, 20000) AS n
    """,
    "ANALYZE images, crawl_candidates, crawl_keywords, crawl_jobs",
)


@pytest.fixture
async def job(database: Database, make_job: MakeJob) -> JobOut:
    """The first of the two jobs."""
    made = await make_job(keywords=["cat", "dog"])
    await make_job(keywords=["cat", "dog"])
    async with database.transaction() as transaction:
        await transaction.connection.execute("RESET ROLE")
        for statement in FILL:
            await transaction.connection.execute(statement)
    return made


async def read(transaction: Transaction) -> tuple[int, int]:
    """How many images this transaction has read one after the other, and how many by index."""
    cursor = await transaction.connection.execute(
        "SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'images'"
    )
    (row,) = await cursor.fetchall()
    return row["seq_tup_read"], row["idx_tup_fetch"]


async def test_is_the_duplicates_of_its_job_alone(
    database: Database, owner: Principal, job: JobOut
) -> None:
    async with database.transaction() as transaction:
        found = await review_repo.list_conflicts(
            transaction, owner.user_id, job.id, below=2**63 - 1, limit=101
        )
        all_in_turn, by_index = await read(transaction)
    assert sorted(conflict.kind for conflict in found) == ["exact"] * 40 + ["near"] * 20
    assert all_in_turn == 0
    assert by_index < 5000  # 2,000 near-duplicates with what they are like, 40 copies, a few dead


async def test_reading_all_images_is_found(database: Database, job: JobOut) -> None:
    async with database.transaction() as transaction:
        await transaction.connection.execute("SELECT count(labels) FROM images")
        assert (await read(transaction))[0] == 40_000
