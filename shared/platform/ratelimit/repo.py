"""The table ``rate_limits``."""

from collections.abc import Sequence

import psycopg

from shared.platform.data.db import Database, Transaction
from shared.platform.ratelimit.policy import Bucket, Usage

# One round trip, one transaction: the two statements travel together. Each request is counted in
# exactly one window. Buckets are taken in order, so that two requests never wait for each other.
_HIT = """
SELECT set_config('role', 'service_role', true);
INSERT INTO rate_limits AS stored (bucket, expires_at, hits)
SELECT bucket, clock_timestamp() + seconds * interval '1 second', 1
FROM unnest(%(buckets)s::text[], %(seconds)s::integer[]) AS wanted (bucket, seconds)
ORDER BY bucket
ON CONFLICT (bucket) DO UPDATE SET (hits, expires_at) = (
  SELECT CASE WHEN is_over THEN 1 ELSE stored.hits + 1 END,
    CASE WHEN is_over THEN excluded.expires_at ELSE stored.expires_at END
  FROM (SELECT stored.expires_at <= clock_timestamp() AS is_over) AS its_window)
RETURNING bucket, hits, extract(epoch FROM expires_at - clock_timestamp())::float8 AS seconds
"""


async def hit(database: Database, buckets: Sequence[Bucket]) -> list[Usage]:
    """Counts one request in every bucket."""
    async with database.connection() as connection:
        cursor = psycopg.AsyncClientCursor(connection)
        await cursor.execute(
            _HIT,
            {
                "buckets": [bucket.key for bucket in buckets],
                "seconds": [bucket.policy.seconds for bucket in buckets],
            },
        )
        cursor.nextset()
        found = {row["bucket"]: row for row in await cursor.fetchall()}
    return [
        Usage(bucket.policy, found[bucket.key]["hits"], found[bucket.key]["seconds"])
        for bucket in buckets
    ]


async def delete_expired(transaction: Transaction) -> int:
    """Forgets windows that have ended, but for those that are counted in; returns how many."""
    cursor = await transaction.connection.execute(
        """
        DELETE FROM rate_limits WHERE bucket IN (
          SELECT bucket FROM rate_limits WHERE expires_at < clock_timestamp()
          FOR UPDATE SKIP LOCKED)
        """
    )
    return cursor.rowcount
