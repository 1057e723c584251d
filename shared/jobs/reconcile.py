"""Repairing what a crash between two systems left."""

from shared.jobs import repo
from shared.jobs.service import ORCHESTRATION, instance_id
from shared.platform.db import Database
from shared.platform.durable import DEAD, EndedStatus, OrchestrationClient
from shared.platform.logging import get_logger

log = get_logger(__name__)

PREFIX = "job-"  # of the instance ids of jobs
# A running job's row moves at least with every chunk, 110 s at most.
QUIET_SECONDS = 120
# No step is asked for so long: four tries of functionTimeout (10 min), a minute apart. An instance
# that waits longer waits for an answer that does not come, of an activity renamed under it, say.
HANGING_SECONDS = 3600


async def restart_dead(database: Database, client: OrchestrationClient) -> int:
    """Starts anew what a failure outside of the flow has ended; returns how many jobs.

    A worker that dies in an orchestrator's episode fails the instance for good. One request lists
    the dead, however many jobs are running; those whose job is over are forgotten, so that the
    list stays short. All state of a crawl is in the database: a new instance carries on with it.
    """
    dead = await client.get_status_by(runtime_status=DEAD, instance_id_prefix=PREFIX)
    names = {_job_of(status.instance_id): status.instance_id for status in dead}
    if not names:
        return 0
    async with database.transaction() as transaction:
        running = await repo.list_running(transaction, list(names))
    for job in running:
        await _restart(client, *job)
    for name in (name for job, name in names.items() if job not in running):
        await client.purge_instance_history(name)
    return len(running)


async def restart_stalled(database: Database, client: OrchestrationClient) -> int:
    """Starts the instances of running jobs that have none and do not move; returns how many.

    One that hangs is ended, and found dead the next time.
    """
    async with database.transaction() as transaction:
        stalled = await repo.list_stalled(transaction, quiet_seconds=QUIET_SECONDS)
    restarted = 0
    for job in stalled:
        name = instance_id(job["id"], job["attempt"])
        status = await client.get_status(name)
        if not status or status.runtime_status.name in list(EndedStatus):
            await _restart(client, job["id"], job["attempt"])
            restarted += 1
        elif job["quiet_seconds"] > HANGING_SECONDS:
            log.bind(job_id=job["id"]).warning("orchestration hangs")
            await client.terminate(name, "It waits for an answer that does not come.")
    return restarted


async def _restart(client: OrchestrationClient, job_id: int, attempt: int) -> None:
    log.bind(job_id=job_id).warning("orchestration restarted")
    order = {"job_id": job_id, "attempt": attempt}
    await client.start_new(ORCHESTRATION, instance_id(job_id, attempt), order)


def _job_of(name: str) -> tuple[int, int]:
    """Job and attempt of an instance id."""
    job_id, attempt = name.removeprefix(PREFIX).split("-")
    return int(job_id), int(attempt)
