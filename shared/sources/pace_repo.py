"""The table ``source_pace``: when each source may be asked again.

The generic cell rate algorithm: ``next_at`` is when the source would be asked next if every request
kept its interval. A burst may come earlier than that, by as many intervals as it has requests.
"""

from shared.platform.db import Database

# One statement, so that instances never take the same turn. When the turn would come too late the
# row stays as it is, and the second branch tells how late.
_RESERVE = """
WITH clock AS (
  SELECT clock_timestamp() AS moment, %(interval)s * interval '1 second' AS step,
    (%(burst)s - 1) * %(interval)s * interval '1 second' AS ahead
), turn AS (
  INSERT INTO source_pace AS stored (source, next_at)
  SELECT %(source)s, moment + step FROM clock
  ON CONFLICT (source) DO UPDATE
  SET next_at = greatest(stored.next_at, excluded.next_at - (SELECT step FROM clock))
    + (SELECT step FROM clock)
  WHERE stored.next_at <= (SELECT moment + ahead FROM clock)
    + %(most_seconds)s * interval '1 second'
  RETURNING next_at - (SELECT step FROM clock) AS due
), due AS (
  SELECT due FROM turn
  UNION ALL
  SELECT next_at FROM source_pace WHERE source = %(source)s AND NOT EXISTS (SELECT FROM turn)
)
SELECT extract(epoch FROM due - ahead - moment)::float8 AS seconds FROM due, clock
"""


async def reserve(
    database: Database, source: str, *, interval: float, burst: int, most_seconds: float
) -> float:
    """Seconds until the turn that was taken; more than ``most_seconds`` when none was."""
    async with database.transaction() as transaction:
        cursor = await transaction.connection.execute(
            _RESERVE,
            {
                "source": source,
                "interval": interval,
                "burst": burst,
                "most_seconds": most_seconds,
            },
        )
        row = await cursor.fetchone()
    return max(0.0, row["seconds"]) if row else 0.0
