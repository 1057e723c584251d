"""The durable engine as a flow uses it: steps side by side, tried again when they fail.

The only module that touches the durable context and its tasks. Retries are made here and not by
the SDK's retry policies: the extension starts the listed actions in turn and numbers them as it
starts them, and a policy's timers, which are not in the list, take numbers in between in an order
that changes from one replay to the next. Then the instance dies as non-deterministic.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

import azure.durable_functions as df

T = TypeVar("T")
Flow = Generator[Any, Any, T]
Payload = dict[str, Any]

RETRIES: Final = 3  # after the first try
PAUSE: Final = timedelta(seconds=60)
# What a generation starts before it lets its successor go on. Each step is replayed with every
# one after it, and the end of a generation waits for its slowest.
STEPS_PER_GENERATION: Final = 100


class StepFailed(Exception):
    """A step has failed for good; the text is a reason for people."""


@dataclass(slots=True, eq=False)
class _Step:
    """A step that is under way, or pauses before its next try."""

    name: str
    payload: Payload
    failures: int = 0
    was_lost: bool = False
    pauses: bool = False
    results: list[Any] = field(default_factory=list)  # one, as soon as it has ended


class Engine:
    """Runs the steps of one generation of a flow."""

    def __init__(self, context: df.DurableOrchestrationContext) -> None:
        self._context = context
        self._steps: dict[Any, _Step] = {}  # by the task that ends a try of theirs, or a pause
        self._due: list[Any] = []
        self.started = 0  # tries in this generation: each is replayed with every one after it

    @property
    def order(self) -> Payload:
        """What the flow was started with."""
        return dict(self._context.get_input())

    @property
    def running(self) -> list[tuple[str, Payload]]:
        """Name and payload of the steps that are running as far as was looked."""
        return [(step.name, step.payload) for step in self._steps.values()]

    def begin_anew(self, order: Payload) -> None:
        """Has the flow, which must return now, begin again with an empty history."""
        self._context.continue_as_new(order)

    def call(self, name: str, payload: Payload) -> None:
        """Starts a step whose result nobody needs; it begins with the next wait."""
        self._try(_Step(name, payload))

    def step(self, name: str, payload: Payload) -> Flow[Any]:
        """The result of a step; what else is running goes on, and is looked at afterwards.

        Raises:
            StepFailed: it has failed for good.
        """
        step = _Step(name, payload)
        self._try(step)
        while not step.results:
            yield from self._wait([task for task, of in self._steps.items() if of is step])
        return step.results[0]

    def finish_some(self, *, leave: int) -> Flow[None]:
        """Waits until no more than ``leave`` steps are running.

        Raises:
            StepFailed: one of them has failed for good.
        """
        while len(self._steps) > leave:
            yield from self._wait(list(self._steps))

    def sleep(self, seconds: float) -> Flow[None]:
        """Waits that long."""
        yield self._timer(timedelta(seconds=seconds))

    def abandon(self) -> None:
        """Waits no longer for what is running. Open timers would keep the instance from ending."""
        for task, step in self._steps.items():
            if step.pauses and not task.is_completed:
                task.cancel()
        self._steps = {}

    def _wait(self, tasks: list[Any]) -> Flow[None]:
        """Until one of the tasks has ended; what follows for its step."""
        due, self._due = self._due, []
        ended = yield self._context.task_any([*tasks, *due])
        step = self._steps.pop(ended, None)
        if step is None:
            return  # it was a timer that is due
        if step.pauses:
            self._try(step)
            self._let_go_on()
        else:
            self._take(step, ended.result)

    def _take(self, step: _Step, answer: Any) -> None:
        if isinstance(answer, Exception):  # it ended without an answer: a timeout, a lost worker
            # The extension appends the .NET exception as JSON, some thousand characters.
            self._fail(step, str(answer).partition("\n")[0].strip(), at_once=not step.was_lost)
            step.was_lost = True
        elif "unreachable" in answer:
            self._fail(step, answer["unreachable"], at_once=False)
        elif "failed" in answer:
            raise StepFailed(f"The step {step.name} failed on our side.")
        else:
            step.results.append(answer["result"])

    def _fail(self, step: _Step, reason: str, *, at_once: bool) -> None:
        step.failures += 1
        if step.failures > RETRIES:
            raise StepFailed(f"The step {step.name} failed {step.failures} times: {reason}")
        if at_once:
            self._try(step)
        else:
            step.pauses = True
            self._steps[self._timer(PAUSE)] = step
        self._let_go_on()

    def _try(self, step: _Step) -> None:
        step.pauses = False
        numbered = {**step.payload, "retry": step.failures} if step.failures else step.payload
        self._steps[self._context.call_activity(step.name, numbered)] = step
        self.started += 1

    def _let_go_on(self) -> None:
        """Puts a timer that is due among the next tasks that are waited for.

        The extension starts what is listed after them as soon as one of those that are new has
        ended: without it the retries of 30 steps would follow each other.
        """
        self._due = [self._timer(timedelta(0))]

    def _timer(self, pause: timedelta) -> Any:
        return self._context.create_timer(self._context.current_utc_datetime + pause)


def run(
    engine: Engine, generation: Callable[[Engine, Payload], Flow[bool]], *, finish: str
) -> Flow[str | None]:
    """The status that the step ``finish`` gives at last; None when another generation follows.

    A generation says whether all is done. Of a step that fails for good ``finish`` is told.
    """
    order = engine.order
    try:
        if not (yield from generation(engine, order)):
            engine.begin_anew({**order, "begun": True})
            return None
    except StepFailed as failed:
        engine.abandon()
        order = {**order, "failure": str(failed)}
    status: str = yield from engine.step(finish, order)
    return status
