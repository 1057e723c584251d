"""The table ``source_pace``: when each source may be asked again.

The generic cell rate algorithm: ``next_at`` is when the source would be asked next if every request
kept its interval. A burst may come earlier than that, by as many intervals as it has requests.
"""

from shared.platform.data.db import Database

# The row stays locked until the commit. One statement that takes the turn or else tells how late it
# would be does not do: it would read the row as it was before those whom it has waited for.
_LOCK = """
INSERT INTO source_pace AS stored (source, next_at)
VALUES (%(source)s, clock_timestamp())
ON CONFLICT (source) DO UPDATE SET next_at = greatest(stored.next_at, clock_timestamp())
RETURNING extract(epoch FROM next_at - clock_timestamp())::float8 AS seconds
"""
_TAKE = """
UPDATE source_pace SET next_at = next_at + %(interval)s * interval '1 second'
WHERE source = %(source)s
"""


async def reserve(
    database: Database, source: str, *, interval: float, burst: int, most_seconds: float
) -> float:
    """Seconds until the turn that was taken; more than ``most_seconds`` when none was."""
    turn = {"source": source, "interval": interval}
    async with database.transaction() as transaction:
        cursor = await transaction.connection.execute(_LOCK, turn)
        row = (await cursor.fetchall())[0]
        wait = max(float(row["seconds"]) - (burst - 1) * interval, 0.0)
        if wait <= most_seconds:
            await transaction.connection.execute(_TAKE, turn)
    return wait
