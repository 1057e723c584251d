"""Which images of a version, or of one that is being made, resemble each other."""

from typing import Final

from psycopg.sql import SQL

from shared.imaging.hash_thirds import flips
from shared.platform.data.db import Transaction

# Of `member (image_id, split, asked)` the thirds of each hash, each with its number before it.
_THIRDS: Final = SQL("""
thirds AS (
  SELECT member.*, phash, (place << 22) + (CASE place WHEN 0 THEN phash & 2097151
    WHEN 1 THEN phash >> 21 & 2097151 ELSE phash >> 42 & 4194303 END)::int AS third
  FROM member JOIN images ON images.id = image_id, generate_series(0, 2) AS place
  WHERE phash IS NOT NULL
)
""")
# Pairs whose hashes differ in up to so many bits (8), the first being asked for; some up to three
# times. Such hashes share a third but for a third of the bits.
_PAIRS: Final = SQL("""
thirds AS one CROSS JOIN unnest(%(flips)s::int[]) AS flip
JOIN thirds AS other ON other.third = one.third # flip AND other.image_id <> one.image_id
  AND one.asked AND bit_count((other.phash # one.phash)::bit(64)) <= %(bits)s
""")


async def list_near(
    transaction: Transaction, *, bits: int, of_duplicates: bool
) -> list[tuple[int, int]]:
    """Pairs of images of the draft that resemble each other, if asked only those of duplicates."""
    await transaction.avoid_nested_loops()
    cursor = await transaction.connection.execute(
        SQL("""
        WITH member AS (
          SELECT image_id, split, is_duplicate OR NOT %(of_duplicates)s AS asked FROM pg_temp.draft
        ), {thirds}
        SELECT DISTINCT one.image_id AS one, other.image_id AS other FROM {pairs}
        """).format(thirds=_THIRDS, pairs=_PAIRS),
        {"bits": bits, "flips": flips(bits), "of_duplicates": of_duplicates},
    )
    return [(row["one"], row["other"]) for row in await cursor.fetchall()]


async def count_leaks(transaction: Transaction, version_id: int, *, bits: int) -> int:
    """Images of val and test of a version that resemble one of another split."""
    await transaction.avoid_nested_loops()
    cursor = await transaction.connection.execute(
        SQL("""
        WITH member AS (
          SELECT image_id, split, split <> 'train' AS asked FROM dataset_version_images
          WHERE version_id = %(id)s
        ), {thirds}
        SELECT count(DISTINCT one.image_id) AS leaks FROM {pairs} WHERE one.split <> other.split
        """).format(thirds=_THIRDS, pairs=_PAIRS),
        {"id": version_id, "bits": bits, "flips": flips(bits)},
    )
    (row,) = await cursor.fetchall()
    return int(row["leaks"])
