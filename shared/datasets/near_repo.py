"""Which images of a version, or of one that is being made, resemble each other."""

from typing import Final

from psycopg.sql import SQL

from shared.imaging.hash_thirds import flips
from shared.platform.data.db import Transaction

# Pairs of a relation `member (image_id, asked)` whose hashes differ in up to so many bits (8), the
# first of each being asked for. Two such hashes share a third of them but for a third of the bits.
_NEAR: Final = SQL("""
thirds AS (
  SELECT image_id, asked, phash, third, CASE third WHEN 0 THEN phash & 2097151
    WHEN 1 THEN phash >> 21 & 2097151 ELSE phash >> 42 & 4194303 END AS value
  FROM member JOIN images ON images.id = image_id, generate_series(0, 2) AS third
  WHERE phash IS NOT NULL
),
near AS (
  SELECT DISTINCT probe.image_id AS one, found.image_id AS other
  FROM thirds AS probe CROSS JOIN unnest(%(flips)s::bigint[]) AS flip
  JOIN thirds AS found ON found.third = probe.third AND found.value = probe.value # flip
  WHERE probe.asked AND found.image_id <> probe.image_id
    AND bit_count((found.phash # probe.phash)::bit(64)) <= %(bits)s
)
""")


async def list_near(
    transaction: Transaction, *, bits: int, of_duplicates: bool
) -> list[tuple[int, int]]:
    """Pairs of images of the draft that resemble each other, if asked only those of duplicates."""
    cursor = await transaction.connection.execute(
        SQL("""
        WITH member AS (
          SELECT image_id, is_duplicate OR NOT %(of_duplicates)s AS asked FROM pg_temp.draft
        ),
        {near}
        SELECT one, other FROM near
        """).format(near=_NEAR),
        {"bits": bits, "flips": flips(bits), "of_duplicates": of_duplicates},
    )
    return [(row["one"], row["other"]) for row in await cursor.fetchall()]


async def count_leaks(transaction: Transaction, version_id: int, *, bits: int) -> int:
    """Images of val and test of a version that resemble one of another split."""
    cursor = await transaction.connection.execute(
        SQL("""
        WITH member AS (
          SELECT image_id, split, split <> 'train' AS asked FROM dataset_version_images
          WHERE version_id = %(id)s
        ),
        {near}
        SELECT count(DISTINCT one) AS leaks
        FROM near JOIN member AS a ON a.image_id = one JOIN member AS b ON b.image_id = other
        WHERE a.split <> b.split
        """).format(near=_NEAR),
        {"id": version_id, "bits": bits, "flips": flips(bits)},
    )
    (row,) = await cursor.fetchall()
    return int(row["leaks"])
