"""The durable engine: takes due work from the store and runs it on the workers."""

import asyncio
import itertools
import json
import sqlite3
import uuid
from collections import Counter
from collections.abc import Coroutine
from math import inf
from typing import Any, Final

from scripts.devhost.host.durable.activities import ActivityRunner
from scripts.devhost.host.durable.episode import Episode
from scripts.devhost.host.durable.events import (
    Event,
    EventType,
    event,
    execution_started,
    timestamp,
)
from scripts.devhost.host.durable.records import Instance, Message, Outcome
from scripts.devhost.host.durable.replay import Scheduled
from scripts.devhost.host.durable.store import Batch, Store
from scripts.devhost.host.durable.wire import (
    Answer,
    accept,
    read_answer,
    read_failure,
    request_body,
    utc_now,
)
from scripts.devhost.host.errors import HostError, InvocationError
from scripts.devhost.host.faults import Faults
from scripts.devhost.host.function_rpc import read_text, text
from scripts.devhost.host.functions import FunctionTable
from scripts.devhost.host.log import get_log
from scripts.devhost.host.settings import DurableSettings
from scripts.devhost.host.workers import WorkerPool

# After an error that nobody foresaw an instance waits, twice as long each time.
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 60.0


class Engine:
    """Runs orchestrator episodes and activities, within the limits of host.json."""

    def __init__(
        self,
        store: Store,
        pool: WorkerPool,
        functions: FunctionTable,
        settings: DurableSettings,
        faults: Faults,
        *,
        strict_sizes: bool = False,
    ) -> None:
        self.store = store
        self.settings = settings
        self.functions = functions
        self.faults = faults
        self._pool = pool
        self._activities = ActivityRunner(
            store, pool, functions, settings, faults, strict_sizes=strict_sizes
        )
        self._instances: set[str] = set()
        self._unforeseen: Counter[str] = Counter()  # errors in a row, by instance
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._log = get_log("durable")

    # What clients ask for

    def start(
        self, name: str, instance_id: str | None, input_text: str | None, version: str | None
    ) -> str | None:
        """Store a new instance; its id, or None if a running instance has that id."""
        self.faults.reach("rpc.start")
        orchestrator = self.functions.orchestrator(name)
        started = execution_started(
            timestamp(utc_now()),
            name=name if orchestrator is None else orchestrator.durable_name,
            instance_id=instance_id or uuid.uuid4().hex,
            execution_id=uuid.uuid4().hex,
            input_text=input_text,
            version=version or self.settings.default_version,
        )
        replace = self.settings.replace_running_instances
        if not self.store.start(started, replace_running=replace):
            return None
        self.faults.reach("rpc.started")
        self.wake()
        return str(started["OrchestrationInstance"]["InstanceId"])

    def send(self, instance_id: str, kind: EventType, **fields: Any) -> None:
        """Send an event from outside to an instance."""
        self.store.send(Message(instance_id, None, event(kind, timestamp(utc_now()), **fields)))
        self.wake()

    @property
    def oversized_payloads(self) -> int:
        """How many inputs and outputs were larger than the history should hold."""
        return self._activities.oversized

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    # Dispatch

    async def run(self) -> None:
        """Dispatch work as it becomes due, for ever."""
        while True:
            self._wake.clear()
            try:
                pause = self._dispatch(utc_now().timestamp())
            except sqlite3.OperationalError as error:
                self._log.error("cannot store what is to be done: %s", error)
                await asyncio.sleep(1)
                continue
            try:
                # Not wait_for: up to Python 3.11 a cancellation in the moment of a wake is lost.
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _dispatch(self, now: float) -> float | None:
        """Begin what is due; for how many seconds there is nothing else, None: for ever."""
        self._dispatch_episodes(now)
        for item in self._activities.take(now):
            self._spawn(self._activities.run(item))
        due = min(self.store.next_due(now) or inf, self._activities.renewal_due)
        return None if due == inf else max(0.0, due - utc_now().timestamp())

    async def drain(self, seconds: float) -> None:
        """Give running work that time to end; what has not ended then is left to the next host."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        self._activities.release()
        # Before their workers are ended: that would count as the work's own failure.
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _dispatch_episodes(self, now: float) -> None:
        free = self.settings.max_orchestrators - len(self._instances)
        ready = (i for i in self.store.ready_instances(now) if i not in self._instances)
        for instance_id in self.faults.order(list(itertools.islice(ready, max(0, free)))):
            self._instances.add(instance_id)
            self._spawn(self._run_instance(instance_id))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("the engine stumbled: %r", error, exc_info=error)
        self.wake()

    # Episodes

    async def _run_instance(self, instance_id: str) -> None:
        try:
            lease = self.settings.control_queue_visibility
            batch = self.store.load(instance_id, utc_now().timestamp(), lease)
            if batch is not None:
                await self._run_batch(batch)
            del self._unforeseen[instance_id]
        except sqlite3.OperationalError as error:
            self._log.error("%s: cannot store the episode: %s", instance_id, error)
            await asyncio.sleep(1)
        except Exception:  # noqa: BLE001 - no instance may keep the engine busy
            errors = self._unforeseen[instance_id]
            self._unforeseen[instance_id] += 1
            pause = min(FIRST_PAUSE * 2 ** min(errors, 10), LONGEST_PAUSE)
            self._log.exception("%s: the engine stumbled, tries again in %g s", instance_id, pause)
            await asyncio.sleep(pause)
        finally:
            self._instances.discard(instance_id)

    async def _run_batch(self, batch: Batch) -> None:
        try:
            await self._run_episode(batch)
        except BaseException:  # the next try waits for its pause alone, or for the next host
            self.store.lease_messages(batch.sequences, 0)
            raise

    async def _run_episode(self, batch: Batch) -> None:
        instance = batch.instance
        history = [json.loads(text) for text in batch.history]
        accepted = accept(history, batch.messages)
        if not accepted:
            self.store.drop_messages(batch.sequences)
            return
        new = [event(EventType.ORCHESTRATOR_STARTED, timestamp(utc_now())), *accepted]
        try:
            body = request_body(instance, batch.history, new)
            answer = await self._ask(instance.name, body)
            now = timestamp(utc_now())
            outcome = self._decide(instance, history, new, answer, now)
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            # What makes no sense would make none the next time: it is the instance's end.
            self._log.exception("%s cannot go on", instance.id)
            answer = read_failure(f"{type(error).__name__}: {error}")
            now = timestamp(utc_now())
            outcome = self._decide(instance, history, new, answer, now)
        if outcome.stuck_because:
            self._log.error("%s hangs for ever: %s", instance.id, outcome.stuck_because)
        for activity in outcome.activities:
            self._activities.check_size(activity.name, "input", activity.input)
        self.faults.reach("episode.commit")
        self.store.commit(batch, outcome, now, copies=2 if self.faults.deliver_twice else 1)
        self.faults.reach("episode.committed")
        self._log.debug("%s %s: %s", instance.name, instance.id, outcome.status)
        if outcome.status == "Failed":
            self._log.error("%s %s failed: %s", instance.name, instance.id, outcome.output)

    def _decide(
        self, instance: Instance, history: list[Event], new: list[Event], answer: Answer, now: str
    ) -> Outcome:
        return Episode(
            instance,
            history,
            new,
            answer,
            now=now,
            store_inputs=self.settings.store_inputs,
            timer_speed=self.faults.timer_speed,
            unknown_activity=self._unknown_activity,
        ).decide()

    async def _ask(self, name: str, body: str) -> Answer:
        function = self.functions.orchestrator(name)
        if function is None:
            return read_failure(self.functions.missing(name, "orchestrator"))
        self.faults.reach("episode.invoke")
        try:
            answer = await self._pool.invoke(
                function,
                text(body),
                on_sent=lambda pid: self.faults.reach_worker("episode.invoke", pid),
            )
        except InvocationError as error:
            # A worker that dies fails the instance, for the real host replays no action then.
            return read_failure(str(error))
        return read_answer(read_text(answer.return_value) or "null")

    def _unknown_activity(self, scheduled: Scheduled) -> str | None:
        is_activity = scheduled.kind is EventType.TASK_SCHEDULED
        if is_activity and self.functions.activity(scheduled.name) is None:
            return self.functions.missing(scheduled.name, "activity")
        return None


def check_instance_id(instance_id: str) -> None:
    """Refuse an instance id that the real host refuses."""
    forbidden = set("/\\#?")
    if (
        len(instance_id) > 256
        or instance_id.startswith("@")
        or any(c in forbidden or ord(c) < 32 or 127 <= ord(c) < 160 for c in instance_id)
    ):
        raise HostError(f"The instance id {instance_id!r} is not allowed.")
