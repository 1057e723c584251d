"""Whether the database can bear all connections that the app may open."""

from scripts.azure import OperationError


def check_connections(instances: int, pool: int, limit: int) -> None:
    """Refuses what would exhaust the database when the app scales out.

    Raises:
        OperationError: more connections than the database accepts.
    """
    if instances * pool > limit:
        raise OperationError(
            f"{instances} instances with up to {pool} connections each may open "
            f"{instances * pool}, and the database accepts {limit}: "
            f"lower maximumInstances or the pool, or raise the limit in Supabase."
        )
