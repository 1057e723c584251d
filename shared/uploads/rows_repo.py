"""The table ``upload_rows``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.platform.data.db import Transaction

if TYPE_CHECKING:
    from shared.uploads.lists.judging import Row


async def insert_rows(
    transaction: Transaction, upload_id: int, rows: "Sequence[tuple[int, Row]]"
) -> set[int]:
    """Adds rows, each at its position; the positions of those whose URL was there already."""
    cursor = await transaction.connection.execute(
        """
        WITH new AS (
          SELECT * FROM unnest(%(positions)s::int[], %(hashes)s::bytea[], %(urls)s::text[],
              %(captions)s::text[], %(licenses)s::text[], %(labels)s::text[], %(keys)s::text[])
            AS t (position, url_hash, url, caption, license, label, label_key)
        ), added AS (
          INSERT INTO upload_rows
            (upload_id, label_key, position, url_hash, url, caption, license, label)
          SELECT %(upload_id)s, label_key, position, url_hash, url, caption, license, label
          FROM new ORDER BY position
          ON CONFLICT DO NOTHING RETURNING position
        )
        SELECT position FROM new EXCEPT SELECT position FROM added
        """,
        {
            "upload_id": upload_id,
            "positions": [position for position, _ in rows],
            "hashes": [row.url_hash for _, row in rows],
            "urls": [row.url for _, row in rows],
            "captions": [row.caption for _, row in rows],
            "licenses": [row.license for _, row in rows],
            "labels": [row.label for _, row in rows],
            "keys": [row.label_key for _, row in rows],
        },
    )
    return {row["position"] for row in await cursor.fetchall()}


async def count_labels(
    transaction: Transaction, upload_id: int, *, most: int
) -> tuple[dict[str, int], int]:
    """The most frequent labels with their rows, as they are first spelt, and how many there are."""
    cursor = await transaction.connection.execute(
        """
        SELECT (array_agg(label ORDER BY position))[1] AS label, count(*) AS rows,
          count(*) OVER () AS labels
        FROM upload_rows WHERE upload_id = %(id)s AND label_key <> ''
        GROUP BY label_key ORDER BY count(*) DESC, min(position) LIMIT %(most)s
        """,
        {"id": upload_id, "most": most},
    )
    found = await cursor.fetchall()
    return {row["label"]: row["rows"] for row in found}, found[0]["labels"] if found else 0


async def has_labels(transaction: Transaction, upload_id: int, keys: Sequence[str]) -> bool:
    """Whether rows have a label of one of these keys."""
    cursor = await transaction.connection.execute(
        """
        SELECT EXISTS (SELECT FROM upload_rows
          WHERE upload_id = %(id)s AND label_key = ANY(%(keys)s)) AS found
        """,
        {"id": upload_id, "keys": list(keys)},
    )
    return bool((await cursor.fetchall())[0]["found"])


async def delete_rows(transaction: Transaction, upload_id: int) -> None:
    """Forgets the rows of an upload that cannot be used."""
    await transaction.connection.execute(
        "DELETE FROM upload_rows WHERE upload_id = %(id)s", {"id": upload_id}
    )
