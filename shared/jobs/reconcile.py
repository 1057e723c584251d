"""Repairing what a crash between two systems left.

All state of a crawl is in the database, so that a new instance carries on where it stands.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.jobs import repo
from shared.jobs.service import ORCHESTRATION, instance_id
from shared.platform.db import Database
from shared.platform.durable import InstanceClient, RuntimeStatus
from shared.platform.logging import get_logger

log = get_logger(__name__)

PREFIX: Final = "job-"
DEAD: Final = (RuntimeStatus.FAILED, RuntimeStatus.TERMINATED)
ENDED: Final = [status.value for status in RuntimeStatus]
QUIET_SECONDS: Final = 120  # a running job's row moves at least with every chunk, 110 s at most
QUIET_AT_ONCE: Final = 10  # looked at in one round, however many wait for a busy source
# Longer than a step can take: four tries of host.json's functionTimeout, three pauses of 60 s.
HUNG_SECONDS: Final = 4 * 600 + 3 * 60
KEPT: Final = timedelta(days=1)
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def restart_dead(database: Database, client: InstanceClient) -> int:
    """Starts the orchestration of running jobs whose instance is dead anew; returns how many.

    One question, whatever the number of running jobs. The dead instances of jobs that have ended
    are forgotten, so that the answer stays short.
    """
    found = await client.get_status_by(runtime_status=list(DEAD), instance_id_prefix=PREFIX)
    dead = {status.instance_id: status for status in found}
    if not dead:
        return 0
    ids = [int(match[1]) for name in dead if (match := re.match(r"job-(\d{1,18})-", name))]
    async with database.transaction() as transaction:
        running = await repo.list_running(transaction, ids)
    started = 0
    for job in running:
        if status := dead.pop(instance_id(job["id"], job["attempt"]), None):
            started += await _start(database, client, job, status)
    for name in dead:
        await client.purge_instance_history(name)
    return started


async def restart_quiet(database: Database, client: InstanceClient) -> int:
    """The same for jobs of which nothing was heard for long: a few of them, taken by chance.

    An instance that waits for an activity nobody answers to runs for ever: it is terminated, and
    then dead.
    """
    async with database.transaction() as transaction:
        quiet = await repo.list_quiet(
            transaction,
            quiet_seconds=QUIET_SECONDS,
            hung_seconds=HUNG_SECONDS,
            limit=QUIET_AT_ONCE,
        )
    started = 0
    for job in quiet:
        name = instance_id(job["id"], job["attempt"])
        status = await client.get_status(name)
        if not status or status.runtime_status.value in ENDED:
            started += await _start(database, client, job, status)
        elif job["hung"]:
            log.bind(job_id=job["id"]).warning("orchestration hangs and is terminated")
            await client.terminate(name, "nothing was heard of it for too long")
            await _touch(database, job)
    return started


async def forget_ended(client: InstanceClient) -> None:
    """Forgets instances that have done their work: each round looks through all there are."""
    ended = [RuntimeStatus.COMPLETED]
    await client.purge_instance_history_by(LONG_AGO, datetime.now(UTC) - KEPT, ended)


async def _start(
    database: Database, client: InstanceClient, job: dict[str, Any], status: Any
) -> bool:
    reason = str(status.output).partition("\n")[0] if status else "there was none"
    restarted = log.bind(job_id=job["id"], reason=reason)
    order = {"job_id": job["id"], "attempt": job["attempt"]}
    try:
        await client.start_new(ORCHESTRATION, instance_id(job["id"], job["attempt"]), order)
    except Exception as error:  # noqa: BLE001 - the client raises nothing narrower
        restarted.bind(error=str(error)).warning("orchestration not restarted")
        return False
    restarted.warning("orchestration restarted")
    await _touch(database, job)
    return True


async def _touch(database: Database, job: dict[str, Any]) -> None:
    """The job counts as heard of, until its new instance shows itself."""
    async with database.transaction() as transaction:
        await repo.touch(transaction, job["id"])
