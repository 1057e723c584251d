"""The version that is being made: a table of the transaction's own, ``pg_temp.draft``.

Of the images of a version this process holds those alone that resemble others.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg.types.json import Jsonb

from shared.datasets.splits import SPLITS, Split
from shared.imaging.hash_thirds import flips
from shared.platform.data.db import Transaction

_CREATE: Final = """
DROP TABLE IF EXISTS pg_temp.draft;
CREATE TEMPORARY TABLE draft (
  image_id integer PRIMARY KEY, sha256 text NOT NULL, label text NOT NULL, split text,
  phash bigint, probed boolean NOT NULL  -- whether `list_near` looks for what is near it
) ON COMMIT DROP
"""
LINES_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """An image of the draft; without a split it has none yet."""

    image_id: int
    sha256: str
    label: str
    split: Split | None


async def create(
    transaction: Transaction,
    job_id: int,
    split: dict[str, Any] | None,
    *,
    duplicates: bool,
    probe_all: bool,
) -> dict[str, int]:
    """A draft of the job's images of which all is known that an export needs.

    Each has the split that it had in the last version that was split the same way. How many images
    are left out, by reason; duplicates are, unless ``duplicates`` are wanted. They are probed, and
    with ``probe_all`` so is every other image.
    """
    await transaction.connection.execute(_CREATE)
    async with transaction.without_nested_loops():
        cursor = await transaction.connection.execute(
            """
            WITH candidate AS (
              SELECT id, hash, phash, coalesce(labels ->> 0, keyword) AS label, is_duplicate,
                CASE WHEN decision = 'drop' THEN 'dropped'
                  WHEN is_duplicate AND NOT %(duplicates)s THEN 'duplicate' END AS reason
              FROM images WHERE crawl_job_id = %(job_id)s AND is_valid
                AND coalesce(labels ->> 0, keyword) IS NOT NULL
                AND num_nulls(hash, storage_url, format, width, height, file_size) = 0
            ),
            before AS (
              SELECT sha256, split FROM dataset_version_images WHERE version_id = (
                SELECT id FROM dataset_versions
                WHERE job_id = %(job_id)s AND split IS NOT DISTINCT FROM %(split)s
                ORDER BY number DESC LIMIT 1)
            ),
            kept AS (
              INSERT INTO pg_temp.draft (image_id, sha256, label, split, phash, probed)
              SELECT id, hash, label, split, phash, is_duplicate OR %(probe_all)s
              FROM candidate LEFT JOIN before ON sha256 = hash WHERE reason IS NULL
            )
            SELECT reason, count(*) AS images FROM candidate WHERE reason IS NOT NULL
            GROUP BY reason ORDER BY reason
            """,
            {
                "job_id": job_id,
                "duplicates": duplicates,
                "probe_all": probe_all,
                "split": None if split is None else Jsonb(split),
            },
        )
    left_out = {row["reason"]: row["images"] for row in await cursor.fetchall()}
    await transaction.connection.execute("ANALYZE pg_temp.draft")
    return left_out


async def load(transaction: Transaction, job_id: int, version_id: int) -> None:
    """A version of the job as it is, without what was withdrawn; val and test are probed."""
    await transaction.connection.execute(_CREATE)
    await transaction.connection.execute(
        """
        INSERT INTO pg_temp.draft (image_id, sha256, label, split, phash, probed)
        SELECT image_id, sha256, label, split, phash, split <> 'train'
        FROM dataset_version_images JOIN images ON id = image_id
        WHERE version_id = %(id)s AND crawl_job_id = %(job_id)s
        """,
        {"id": version_id, "job_id": job_id},
    )
    await transaction.connection.execute("ANALYZE pg_temp.draft")


async def list_near(
    transaction: Transaction, *, bits: int, across: bool = False
) -> list[tuple[int, int]]:
    """Pairs of images whose hashes differ in up to ``bits`` (8), the first being probed.

    Each pair once; or ``across`` splits alone, and then once for each of the two that is probed.
    Two such hashes share a third but for a third of the bits.
    """
    async with transaction.without_nested_loops():
        cursor = await transaction.connection.execute(
            """
            WITH thirds AS (
              SELECT image_id, split, probed, phash, unnest(ARRAY[
                phash & 2097151, (1 << 22) + (phash >> 21 & 2097151),
                (2 << 22) + (phash >> 42 & 4194303)])::int AS third
              FROM pg_temp.draft WHERE phash IS NOT NULL
            ),
            probes AS (
              SELECT image_id, split, phash, third # unnest(%(flips)s::int[]) AS third
              FROM thirds WHERE probed
            )
            SELECT DISTINCT one.image_id AS one, other.image_id AS other
            FROM probes AS one JOIN thirds AS other USING (third)
            WHERE bit_count((other.phash # one.phash)::bit(64)) <= %(bits)s
              AND other.image_id <> one.image_id
              AND CASE WHEN %(across)s THEN other.split <> one.split
                ELSE one.image_id < other.image_id OR NOT other.probed END
            """,
            {"bits": bits, "flips": flips(bits), "across": across},
        )
    return [(row["one"], row["other"]) for row in await cursor.fetchall()]


async def list_rows(transaction: Transaction, image_ids: Sequence[int]) -> list[Row]:
    """These images."""
    return await transaction.fetch(
        Row,
        """
        SELECT image_id, sha256, label, split FROM pg_temp.draft
        WHERE image_id = ANY(%(ids)s) ORDER BY image_id
        """,
        {"ids": list(image_ids)},
    )


async def count(transaction: Transaction) -> Counter[tuple[str, Split | None]]:
    """The images, by label and split."""
    cursor = await transaction.connection.execute(
        "SELECT label, split, count(*) AS images FROM pg_temp.draft GROUP BY label, split"
    )
    return Counter({(row["label"], row["split"]): row["images"] for row in await cursor.fetchall()})


async def set_splits(transaction: Transaction, splits: Mapping[int, Split | None]) -> None:
    """Gives images their splits, and leaves those without one out."""
    if not splits:
        return
    await transaction.connection.execute(
        "DELETE FROM pg_temp.draft WHERE image_id = ANY(%(ids)s)",
        {"ids": [image for image, split in splits.items() if split is None]},
    )
    await transaction.connection.execute(
        """
        UPDATE pg_temp.draft SET split = dealt.split
        FROM unnest(%(ids)s::int[], %(splits)s::text[]) AS dealt (image_id, split)
        WHERE draft.image_id = dealt.image_id
        """,
        {"ids": list(splits), "splits": list(splits.values())},
    )


async def set_other_splits(
    transaction: Transaction, splits: Mapping[str, bytes], seed: int
) -> None:
    """Deals the images that have no split yet, of each label in the order that the seed gives.

    ``splits`` has a byte for each, by label: the place of its split in `SPLITS`.
    """
    # All of them in one value, the labels in the order of their characters.
    turns = b"".join(splits[label] for label in sorted(splits))
    async with transaction.without_nested_loops():
        await transaction.connection.execute(
            """
            UPDATE pg_temp.draft SET split = (%(names)s::text[])[get_byte(%(turns)s, turn::int) + 1]
            FROM (
              SELECT image_id, row_number() OVER (ORDER BY label COLLATE "C",
                sha256(convert_to(%(seed)s || ':' || sha256, 'UTF8'))) - 1 AS turn
              FROM pg_temp.draft WHERE split IS NULL
            ) AS waiting
            WHERE draft.image_id = waiting.image_id
            """,
            {"names": list(SPLITS), "turns": turns, "seed": str(seed)},
        )


async def lines(transaction: Transaction) -> AsyncIterator[str]:
    """A line for each image, in the order of the version: hash, split and label.

    Many lines at a time.
    """
    async with transaction.connection.cursor(name="draft") as cursor:
        cursor.itersize = 1
        await cursor.execute(
            """
            SELECT string_agg(concat(sha256, E'\\t', split, E'\\t', label, E'\\n'), ''
              ORDER BY position) AS lines
            FROM (SELECT sha256, split, label, row_number() OVER (
              ORDER BY array_position(ARRAY['train', 'val', 'test'], split), sha256 COLLATE "C")
              AS position FROM pg_temp.draft) AS image
            GROUP BY position / %(lines)s ORDER BY position / %(lines)s
            """,
            {"lines": LINES_AT_ONCE},
        )
        async for row in cursor:
            yield row["lines"]


async def keep(transaction: Transaction, version_id: int) -> None:
    """Makes the draft's images those of the version: train before val before test.

    In each split they stand by hash, which mixes the labels.
    """
    await transaction.connection.execute(
        """
        INSERT INTO dataset_version_images (version_id, position, image_id, sha256, label, split)
        SELECT %(version_id)s, row_number() OVER (
          ORDER BY array_position(ARRAY['train', 'val', 'test'], split), sha256 COLLATE "C") - 1,
          image_id, sha256, label, split
        FROM pg_temp.draft ORDER BY 2
        """,
        {"version_id": version_id},
    )
