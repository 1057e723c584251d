"""The table ``export_parts``: what exports are built of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from shared.exports.layout import Part
from shared.platform.data.db import Transaction


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part: which images of which file it has; what came of it, when it is done.

    ``result`` lacks the files of its images, which `list_files` gives.
    """

    number: int
    stage: int
    file: str
    first: int
    last: int
    result: dict[str, Any] | None


async def insert_parts(
    transaction: Transaction, export_id: int, parts: Sequence[tuple[int, Part]]
) -> None:
    """Adds the parts, each with its stage, in their order; those that are there stay."""
    await transaction.connection.execute(
        """
        INSERT INTO export_parts (export_id, number, stage, file, first, last)
        SELECT %(export_id)s, number - 1, stage, file, first, last
        FROM unnest(%(stages)s::int[], %(files)s::text[], %(firsts)s::int[], %(lasts)s::int[])
          WITH ORDINALITY AS t (stage, file, first, last, number)
        ON CONFLICT DO NOTHING
        """,
        {
            "export_id": export_id,
            "stages": [stage for stage, _ in parts],
            "files": [part.file for _, part in parts],
            "firsts": [part.first for _, part in parts],
            "lasts": [part.last for _, part in parts],
        },
    )


async def list_due(transaction: Transaction, export_id: int, *, limit: int) -> list[int]:
    """The first parts of the first stage that is not done."""
    cursor = await transaction.connection.execute(
        """
        SELECT number FROM export_parts
        WHERE export_id = %(export_id)s AND done_at IS NULL AND stage = (
          SELECT min(stage) FROM export_parts WHERE export_id = %(export_id)s AND done_at IS NULL)
        ORDER BY number LIMIT %(limit)s
        """,
        {"export_id": export_id, "limit": limit},
    )
    return [row["number"] for row in await cursor.fetchall()]


async def list_parts(
    transaction: Transaction,
    export_id: int,
    *,
    number: int | None = None,
    file: str | None = None,
    stage: int | None = None,
) -> list[StoredPart]:
    """The parts with that number, file or stage, in order."""
    return await transaction.fetch(
        StoredPart,
        """
        SELECT number, stage, file, first, last, result - 'images' AS result FROM export_parts
        WHERE export_id = %(export_id)s
          AND (%(number)s::int IS NULL OR number = %(number)s)
          AND (%(file)s::text IS NULL OR file = %(file)s)
          AND (%(stage)s::int IS NULL OR stage = %(stage)s)
        ORDER BY number
        """,
        {"export_id": export_id, "number": number, "file": file, "stage": stage},
    )


async def list_files(transaction: Transaction, export_id: int, number: int) -> list[list[Any]]:
    """The files of the images of a part, as they were given; none when it is gone or not done."""
    cursor = await transaction.connection.execute(
        """
        SELECT result -> 'images' AS images FROM export_parts
        WHERE export_id = %(export_id)s AND number = %(number)s
        """,
        {"export_id": export_id, "number": number},
    )
    row = await cursor.fetchone()
    return list(row["images"] or []) if row else []


async def finish_part(
    transaction: Transaction, export_id: int, number: int, result: dict[str, Any]
) -> None:
    """The part is done; one that was done before stays as it is."""
    await transaction.connection.execute(
        """
        UPDATE export_parts SET result = %(result)s, done_at = now()
        WHERE export_id = %(export_id)s AND number = %(number)s AND done_at IS NULL
        """,
        {"export_id": export_id, "number": number, "result": Jsonb(result)},
    )
