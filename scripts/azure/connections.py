"""Whether the database can bear all connections that the app may open."""

from typing import Final

from scripts.azure import OperationError

RESERVE: Final = 20  # for what is not the app: the frontend, migrations, people


def check_connections(instances: int, pool: int, limit: int) -> None:
    """Refuses what would leave too little of the database when the app scales out.

    Raises:
        OperationError: the app and the reserve are more connections than the database accepts.
    """
    if instances * pool + RESERVE > limit:
        raise OperationError(
            f"{instances} instances with up to {pool} connections each may open "
            f"{instances * pool}, {RESERVE} are for the frontend and migrations, and the database "
            f"accepts {limit}: lower maximumInstances or the pool, or raise the limit in Supabase."
        )
