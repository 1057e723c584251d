"""History events, action types and statuses of the durable protocol."""

import datetime as dt
import enum
import json
from typing import Any, Final

Event = dict[str, Any]


class EventType(enum.IntEnum):
    """The numbers that stand for history events on the wire."""

    EXECUTION_STARTED = 0
    EXECUTION_COMPLETED = 1
    EXECUTION_TERMINATED = 3
    TASK_SCHEDULED = 4
    TASK_COMPLETED = 5
    TASK_FAILED = 6
    SUB_ORCHESTRATION_CREATED = 7
    SUB_ORCHESTRATION_COMPLETED = 8
    SUB_ORCHESTRATION_FAILED = 9
    TIMER_CREATED = 10
    TIMER_FIRED = 11
    ORCHESTRATOR_STARTED = 12
    ORCHESTRATOR_COMPLETED = 13
    EVENT_RAISED = 15
    EXECUTION_SUSPENDED = 19
    EXECUTION_RESUMED = 20


EVENT_NAMES: Final = {
    EventType.EXECUTION_STARTED: "ExecutionStarted",
    EventType.EXECUTION_COMPLETED: "ExecutionCompleted",
    EventType.EXECUTION_TERMINATED: "ExecutionTerminated",
    EventType.TASK_SCHEDULED: "TaskScheduled",
    EventType.TASK_COMPLETED: "TaskCompleted",
    EventType.TASK_FAILED: "TaskFailed",
    EventType.SUB_ORCHESTRATION_CREATED: "SubOrchestrationInstanceCreated",
    EventType.SUB_ORCHESTRATION_COMPLETED: "SubOrchestrationInstanceCompleted",
    EventType.SUB_ORCHESTRATION_FAILED: "SubOrchestrationInstanceFailed",
    EventType.TIMER_CREATED: "TimerCreated",
    EventType.TIMER_FIRED: "TimerFired",
    EventType.ORCHESTRATOR_STARTED: "OrchestratorStarted",
    EventType.ORCHESTRATOR_COMPLETED: "OrchestratorCompleted",
    EventType.EVENT_RAISED: "EventRaised",
    EventType.EXECUTION_SUSPENDED: "ExecutionSuspended",
    EventType.EXECUTION_RESUMED: "ExecutionResumed",
}
FAILURES: Final = (EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED)
COMPLETIONS: Final = (
    EventType.TASK_COMPLETED,
    EventType.SUB_ORCHESTRATION_COMPLETED,
    *FAILURES,
)


class ActionType(enum.IntEnum):
    """The numbers that stand for what an orchestrator asks for."""

    CALL_ACTIVITY = 0
    CALL_ACTIVITY_WITH_RETRY = 1
    CALL_SUB_ORCHESTRATOR = 2
    CALL_SUB_ORCHESTRATOR_WITH_RETRY = 3
    CONTINUE_AS_NEW = 4
    CREATE_TIMER = 5
    WAIT_FOR_EXTERNAL_EVENT = 6
    CALL_ENTITY = 7
    CALL_HTTP = 8
    SIGNAL_ENTITY = 9
    WHEN_ANY = 11
    WHEN_ALL = 12


class Status(enum.StrEnum):
    """The runtime status of an instance."""

    PENDING = "Pending"
    RUNNING = "Running"
    CONTINUED_AS_NEW = "ContinuedAsNew"
    SUSPENDED = "Suspended"
    COMPLETED = "Completed"
    FAILED = "Failed"
    TERMINATED = "Terminated"


TERMINAL: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.TERMINATED})
STATUS_NUMBERS: Final = {Status.COMPLETED: 1, Status.FAILED: 3, Status.TERMINATED: 5}


def timestamp(moment: dt.datetime) -> str:
    """The moment as .NET writes it: UTC, seven fractional digits, Z."""
    utc = moment.astimezone(dt.UTC).replace(tzinfo=None)  # strftime writes the year 1 as "1"
    return utc.isoformat(timespec="microseconds") + "0Z"


def parse_timestamp(text: str) -> dt.datetime:
    """The moment written with up to seven fractional digits and Z."""
    return dt.datetime.fromisoformat(text.removesuffix("Z")[:26]).replace(tzinfo=dt.UTC)


def event(kind: EventType, now: str, event_id: int = -1, **fields: Any) -> Event:
    """One history event; inbound events carry the id -1."""
    return {
        "EventType": int(kind),
        "EventId": event_id,
        "IsPlayed": False,
        "Timestamp": now,
        **fields,
    }


def execution_started(
    now: str,
    *,
    name: str,
    instance_id: str,
    execution_id: str,
    input_text: str | None,
    version: str = "",
    parent: dict[str, Any] | None = None,
) -> Event:
    """The first event of an execution."""
    return event(
        EventType.EXECUTION_STARTED,
        now,
        OrchestrationInstance={"InstanceId": instance_id, "ExecutionId": execution_id},
        ParentInstance=parent,
        Name=name,
        Version=version or None,
        Input=input_text,
        Tags=None,
        Correlation=None,
        ParentTraceContext=None,
        ScheduledStartTime=None,
        Generation=None,
    )


def parent_instance(
    *, name: str, instance_id: str, execution_id: str, task_id: int
) -> dict[str, Any]:
    """How a child's ExecutionStarted names the parent that waits for it."""
    return {
        "Name": name,
        "OrchestrationInstance": {"InstanceId": instance_id, "ExecutionId": execution_id},
        "TaskScheduleId": task_id,
        "Version": "",
    }


def task_completed(now: str, task_id: int, result: str | None) -> Event:
    """An activity has answered."""
    return event(EventType.TASK_COMPLETED, now, TaskScheduledId=task_id, Result=result)


def task_failed(now: str, task_id: int, activity: str, error: str, trace: str = "") -> Event:
    """An activity has raised `Type: message`; user code reads Reason and Details.

    The details are those of the .NET exception, so that the text is as long as on Azure.
    """
    details = {
        "$type": "System.Exception, System.Private.CoreLib",
        "ClassName": "System.Exception",
        "Message": error,
        "Data": None,
        "InnerException": {
            "$type": "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException, "
            "Microsoft.Azure.WebJobs.Script",
            "IsUserException": False,
            "RemoteStackTrace": trace,
            "RemoteMessage": error,
        },
    }
    return event(
        EventType.TASK_FAILED,
        now,
        TaskScheduledId=task_id,
        Reason=f"Activity function '{activity}' failed: {error}",
        Details=json.dumps(details, separators=(",", ":")),
        FailureDetails=None,
    )


def child_answer(task_id: int, status: Status, output: str | None, now: str) -> Event:
    """What the parent hears when a sub-orchestration has ended."""
    if status is Status.COMPLETED:
        return event(
            EventType.SUB_ORCHESTRATION_COMPLETED, now, TaskScheduledId=task_id, Result=output
        )
    return event(
        EventType.SUB_ORCHESTRATION_FAILED,
        now,
        TaskScheduledId=task_id,
        Reason=output,
        Details=f"Message: {output}, StackTrace: ",
        FailureDetails=None,
    )
