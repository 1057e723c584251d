"""Repairing what a crash between two systems left.

All state of a run's subject is in the database, so that a new instance carries on where it stands.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from shared.platform.data.db import Database, Transaction
from shared.platform.durable import FUNCTION_TIMEOUT_SECONDS, InstanceClient, RuntimeStatus
from shared.platform.observe.logging import get_logger
from shared.runs import repo
from shared.runs.model import Kind, Run, run_of
from shared.runs.repo import Running

log = get_logger(__name__)

# Ends the run's subject as failed, for the reason given, unless it has ended.
Fail: TypeAlias = Callable[[Transaction, Run, str], Awaitable[object]]

DEAD: Final = (RuntimeStatus.FAILED, RuntimeStatus.TERMINATED)
ENDED: Final = [status.value for status in RuntimeStatus]
QUIET_SECONDS: Final = 120  # a run comes forward at least with every chunk, 110 s at most
QUIET_AT_ONCE: Final = 10  # looked at in one round, however many wait for a busy source
# Longer than a step can take: four tries and three pauses of 60 s.
HANGS_SECONDS: Final = 4 * FUNCTION_TIMEOUT_SECONDS + 3 * 60
HANGS: Final = "nothing was heard of it for too long"
MOST_RESTARTS: Final = 10  # without a sign of life in between: then it is a fault that stays
KEPT: Final = timedelta(days=1)
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Starts dead runs anew, and gives up those that come to nothing."""

    database: Database
    kinds: Mapping[Kind, Fail]

    async def restart_dead(self, client: InstanceClient) -> int:
        """Starts the runs whose instance has failed or hung anew; returns how many.

        One question a kind, whatever the number of runs. What an operator has terminated fails.
        Dead instances of runs that have ended are forgotten, so that the answer stays short.
        """
        return sum([await self._restart_dead_of(client, kind) for kind in self.kinds])

    async def restart_quiet(self, client: InstanceClient) -> int:
        """The same for runs of which nothing was heard for long: a few of them, taken by chance.

        An instance that waits for an activity nobody answers to runs for ever: it is terminated,
        and then dead.
        """
        return sum([await self._restart_quiet_of(client, kind) for kind in self.kinds])

    async def forget_ended(self, client: InstanceClient) -> None:
        """Forgets instances that have done their work: each round looks through all there are."""
        ended = [RuntimeStatus.COMPLETED]
        await client.purge_instance_history_by(LONG_AGO, datetime.now(UTC) - KEPT, ended)

    async def _restart_dead_of(self, client: InstanceClient, kind: Kind) -> int:
        found = await client.get_status_by(
            runtime_status=list(DEAD), instance_id_prefix=f"{kind.prefix}-"
        )
        dead = {status.instance_id: status for status in found}
        if not dead:
            return 0
        subjects = [run.subject_id for name in dead if (run := run_of(kind, name))]
        async with self.database.transaction() as transaction:
            running = await repo.list_running(transaction, kind, subjects)
        started = 0
        for each in running:
            if status := dead.pop(each.run.instance_id, None):
                started += await self._start_or_end(client, each, status)
        for name in dead:
            await client.purge_instance_history(name)
        return started

    async def _restart_quiet_of(self, client: InstanceClient, kind: Kind) -> int:
        async with self.database.transaction() as transaction:
            quiet = await repo.list_quiet(
                transaction,
                kind,
                quiet_seconds=QUIET_SECONDS,
                hangs_seconds=HANGS_SECONDS,
                limit=QUIET_AT_ONCE,
            )
        started = 0
        for each in quiet:
            status = await client.get_status(each.run.instance_id)
            if not status or status.runtime_status.value in ENDED:
                started += await self._start_or_end(client, each, status)
            elif each.hangs:
                log.bind(instance=each.run.instance_id).warning("run hangs and is terminated")
                await client.terminate(each.run.instance_id, HANGS)
                await self._note_restart(each.run, counted=False)
        return started

    async def _start_or_end(self, client: InstanceClient, each: Running, status: Any) -> bool:
        reason = str(status.output).partition("\n")[0] if status else "there was none"
        if status and _is_terminated(status) and reason != HANGS:
            await self._fail(each.run, f"An operator has ended it: {reason}")
        elif each.restarts >= MOST_RESTARTS:  # why is for us, and perhaps full of our code
            log.bind(instance=each.run.instance_id, reason=reason).error("run dies again and again")
            await self._fail(each.run, f"It failed on our side {MOST_RESTARTS} times in a row.")
        else:
            return await self._start(client, each.run, reason)
        return False

    async def _start(self, client: InstanceClient, run: Run, reason: str) -> bool:
        restarted = log.bind(instance=run.instance_id, reason=reason)
        try:
            await client.start_new(run.kind.orchestration, run.instance_id, run.order)
        except Exception as error:  # noqa: BLE001 - the client raises nothing narrower
            restarted.bind(error=str(error)).warning("run not restarted")
            return False
        restarted.warning("run restarted")
        await self._note_restart(run, counted=True)
        return True

    async def _fail(self, run: Run, reason: str) -> None:
        """The last word. Should it fail too, it is tried again in the next round."""
        try:
            async with self.database.transaction() as transaction:
                await self.kinds[run.kind](transaction, run, reason)
                await repo.end(transaction, run, "failed")  # should its subject have ended without
        except Exception:  # noqa: BLE001 - one bad run must not hold up the others
            log.bind(instance=run.instance_id).opt(exception=True).error("run not given up")
        else:
            log.bind(instance=run.instance_id, reason=reason).error("run given up")

    async def _note_restart(self, run: Run, *, counted: bool) -> None:
        async with self.database.transaction() as transaction:
            await repo.set_restarted(transaction, run, counted=counted)


def _is_terminated(status: Any) -> bool:
    return bool(status.runtime_status.value == RuntimeStatus.TERMINATED.value)
