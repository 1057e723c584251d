"""Repairing what a crash between two systems left."""

from shared.jobs import repo
from shared.jobs.service import ORCHESTRATION, instance_id
from shared.platform.db import Database
from shared.platform.durable import OrchestrationClient
from shared.platform.logging import get_logger

log = get_logger(__name__)

QUIET_SECONDS = 120  # a running job's row moves at least with every chunk, 110 s at most


async def restart_stalled(database: Database, client: OrchestrationClient) -> int:
    """Starts the orchestration of running jobs that have none alive; returns how many.

    All state of a crawl is in the database, so that a new instance carries on where it stands.
    """
    async with database.transaction() as transaction:
        stalled = await repo.list_stalled(transaction, quiet_seconds=QUIET_SECONDS)
    restarted = 0
    for job in stalled:
        name = instance_id(job["id"], job["attempt"])
        status = await client.get_status(name)
        if not status or status.runtime_status.name in ("Failed", "Terminated", "Completed"):
            log.bind(job_id=job["id"]).warning("orchestration restarted")
            order = {"job_id": job["id"], "attempt": job["attempt"]}
            await client.start_new(ORCHESTRATION, name, order)
            restarted += 1
    return restarted
