"""The options of host.json that the real host knows, how it reads them and what it refuses.

Values are texts there, whatever JSON they come from, converted as .NET converts them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

_TIME_SPAN: Final = re.compile(
    r"(?P<sign>-)?(?:(?P<only>\d+)|(?:(?P<days>\d+)\.)?(?P<hours>\d+):(?P<minutes>\d+)"
    r"(?::(?P<seconds>\d+)(?:\.(?P<fraction>\d{1,7}))?)?)"
)
MAX_TIME_SPAN: Final = 922337203685.4775807  # seconds
_RANGE: Final = "Specified argument was out of the range of valid values. (Parameter 'value')"
_DAY: Final = 86400.0
_TASK_HUB: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{2,49}")


def parse_time_span(text: str) -> float:
    """Seconds of a .NET TimeSpan: `00:10:00`, `1.00:00:00`; a number alone means days."""
    days_first = text.count(":") == 3  # d:hh:mm:ss is d.hh:mm:ss
    match = _TIME_SPAN.fullmatch(text.strip().replace(":", "." if days_first else ":", 1))
    if match is None:
        raise ValueError(f"{text!r} is not a time span")
    if match["only"]:
        total = float(match["only"]) * _DAY
    else:
        days, hours, minutes, seconds = (
            int(match[name] or 0) for name in ("days", "hours", "minutes", "seconds")
        )
        if hours > 23 and match["seconds"] and match["days"] is None:
            # Three numbers whose first is no hour are days, hours and minutes.
            days, hours, minutes, seconds = hours, minutes, seconds, 0
        if hours > 23 or minutes > 59 or seconds > 59:
            raise ValueError(f"{text!r} is not a time span")
        fraction = float(f"0.{match['fraction'] or 0}")
        total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds + fraction
    return -total if match["sign"] else total


def _parse_whole_number(text: str) -> int:
    text = text.strip()
    if text[:2].lower() == "0x":
        return int(text, 16)
    if not re.fullmatch(r"[+-]?[0-9]+", text) or not -(2**31) <= int(text) < 2**31:
        raise ValueError(text)
    return int(text)


def _parse_truth(text: str) -> bool:
    known = {"true": True, "false": False}
    if text.strip().lower() not in known:
        raise ValueError(text)
    return known[text.strip().lower()]


def _one_of(*names: str) -> Callable[[str], str]:
    """A .NET enumeration, by name in whatever case or by number."""

    def parse(text: str) -> str:
        for number, name in enumerate(names):
            if text.strip().lower() in (name.lower(), str(number)):
                return name
        raise ValueError(text)

    return parse


@dataclass(frozen=True)
class Kind:
    """A .NET type, how its text is read and its full name."""

    parse: Callable[[str], Any]
    full_name: str

    @property
    def name(self) -> str:
        """The type's name without its namespace."""
        return self.full_name.rpartition(".")[2]


TEXT: Final = Kind(str, "System.String")
WHOLE: Final = Kind(_parse_whole_number, "System.Int32")
TRUTH: Final = Kind(_parse_truth, "System.Boolean")
SPAN: Final = Kind(parse_time_span, "System.TimeSpan")
_ENCODING: Final = Kind(_one_of("None", "Base64"), "Azure.Storage.Queues.QueueMessageEncoding")
_TRACING: Final = Kind(
    _one_of("None", "V1", "V2"),
    "Microsoft.Azure.WebJobs.Extensions.DurableTask.Options.DurableDistributedTracingVersion",
)
_STATES: Final = Kind(
    _one_of("AnyState", "NonRunningStates"),
    "Microsoft.Azure.WebJobs.Extensions.DurableTask.OverridableStates",
)
_STRATEGY: Final = Kind(
    _one_of("FixedDelay", "ExponentialBackoff"), "Microsoft.Azure.WebJobs.Script.RetryStrategy"
)


@dataclass(frozen=True)
class Option:
    """One setting: its type, and what else must hold, with the real host's words if it does not."""

    kind: Kind
    holds: Callable[[Any], bool] = lambda value: True
    words: str = _RANGE


def _positive(name: str) -> Option:
    return Option(WHOLE, lambda v: v > 0, f"{name} must be a positive integer value.")


_QUEUES: Final = {
    "batchSize": Option(WHOLE, lambda v: 1 <= v <= 32),
    "newBatchThreshold": Option(WHOLE, lambda v: v >= 0),
    "maxDequeueCount": Option(
        WHOLE, lambda v: v >= 1, "MaxDequeueCount must not be less than 1. (Parameter 'value')"
    ),
    "visibilityTimeout": Option(SPAN),
    "maxPollingInterval": Option(
        SPAN,
        lambda v: v >= 0.1,
        "MaxPollingInterval must not be less than 00:00:00.1000000. (Parameter 'value')",
    ),
    "messageEncoding": Option(_ENCODING),
}
_DURABLE_STORAGE: Final = {
    "type": Option(
        TEXT,
        lambda v: v.lower() == "azurestorage",
        "Storage provider type ({value}) was not found. Available storage providers: AzureStorage.",
    ),
    "connectionName": Option(TEXT),
    "connectionStringName": Option(TEXT),
    "controlQueueBatchSize": Option(
        WHOLE, lambda v: v > 0, "ControlQueueBatchSize must be a non-negative integer."
    ),
    "controlQueueBufferThreshold": Option(
        WHOLE, lambda v: 1 <= v <= 1000, "ControlQueueBufferThreshold must be between 1 and 1000."
    ),
    "controlQueueVisibilityTimeout": Option(
        SPAN,
        lambda v: 60 <= v <= 3600,
        "ControlQueueVisibilityTimeout must be between 1 and 60 minutes.",
    ),
    "workItemQueueVisibilityTimeout": Option(SPAN),
    "maxQueuePollingInterval": Option(
        SPAN, lambda v: v > 0, "MaxQueuePollingInterval must be non-negative."
    ),
    "partitionCount": Option(
        WHOLE,
        lambda v: 1 <= v <= 16,
        "PartitionCount must be an integer value between 1 and 16.",
    ),
    "trackingStoreConnectionName": Option(TEXT),
    "trackingStoreConnectionStringName": Option(TEXT),
    "trackingStoreNamePrefix": Option(TEXT),
    "fetchLargeMessagesAutomatically": Option(TRUTH),
    "useLegacyPartitionManagement": Option(TRUTH),
    "useTablePartitionManagement": Option(TRUTH),
    "allowReplayingTerminalInstances": Option(TRUTH),
}
_DURABLE: Final = {
    "hubName": Option(
        TEXT,
        lambda v: "%" in v or bool(_TASK_HUB.fullmatch(v)),
        "Task hub name '{value}' should contain only alphanumeric characters, start with a letter, "
        "and have length between 3 and 45.",
    ),
    "defaultVersion": Option(TEXT),
    "versionMatchStrategy": Option(TEXT),
    "versionFailureStrategy": Option(TEXT),
    "maxConcurrentActivityFunctions": _positive("MaxConcurrentActivityFunctions"),
    "maxConcurrentOrchestratorFunctions": _positive("MaxConcurrentOrchestratorFunctions"),
    "maxConcurrentEntityFunctions": _positive("MaxConcurrentEntityFunctions"),
    "maxEntityOperationBatchSize": _positive("MaxEntityOperationBatchSize"),
    "maxOrchestrationActions": Option(WHOLE),
    "maxGrpcMessageSizeInBytes": Option(WHOLE),
    "grpcHttpClientTimeout": Option(SPAN),
    "extendedSessionsEnabled": Option(TRUTH),
    "extendedSessionIdleTimeoutInSeconds": Option(WHOLE),
    "localRpcEndpointEnabled": Option(TRUTH),
    "overridableExistingInstanceStates": Option(_STATES),
    "entityMessageReorderWindowInMinutes": Option(WHOLE),
    "useGracefulShutdown": Option(TRUTH),
    "rollbackEntityOperationsOnExceptions": Option(TRUTH),
    "throwStatusExceptionsOnRaiseEvent": Option(TRUTH),
    "useAppLease": Option(TRUTH),
    "storeInputsInOrchestrationHistory": Option(TRUTH),
    "httpSettings/defaultAsyncRequestSleepTimeMilliseconds": Option(WHOLE),
    "tracing/traceInputsAndOutputs": Option(TRUTH),
    "tracing/traceReplayEvents": Option(TRUTH),
    "tracing/allowVerboseLinuxTelemetry": Option(TRUTH),
    "tracing/distributedTracingEnabled": Option(TRUTH),
    "tracing/distributedTracingProtocol": Option(TEXT),
    "tracing/version": Option(_TRACING),
    **{f"storageProvider/{name}": option for name, option in _DURABLE_STORAGE.items()},
}
_HTTP: Final = {
    "routePrefix": Option(TEXT),
    "maxOutstandingRequests": Option(WHOLE),
    "maxConcurrentRequests": Option(WHOLE),
    "dynamicThrottlesEnabled": Option(TRUTH),
    "enableChunkedRequestBinding": Option(TRUTH),
}
_LOCK: Final = Option(SPAN, lambda v: 15 <= v <= 60)
OPTIONS: Final[dict[str, Option]] = {
    "version": Option(TEXT),
    "isDefaultHostConfig": Option(TRUTH),
    "telemetryMode": Option(TEXT),
    "sendCanceledInvocationsToWorker": Option(TRUTH),
    "metadataProviderTimeout": Option(SPAN),
    "functionTimeout": Option(
        SPAN,
        lambda v: v == -_DAY or 1 <= v <= MAX_TIME_SPAN,
        "FunctionTimeout must be greater than 00:00:01 and less than 10675199.02:48:05.4775807.",
    ),
    "retry/strategy": Option(_STRATEGY),
    "retry/maxRetryCount": Option(WHOLE),
    "retry/delayInterval": Option(SPAN),
    "retry/minimumInterval": Option(SPAN),
    "retry/maximumInterval": Option(SPAN),
    "singleton/lockPeriod": _LOCK,
    "singleton/listenerLockPeriod": _LOCK,
    "singleton/listenerLockRecoveryPollingInterval": Option(SPAN),
    "singleton/lockAcquisitionTimeout": Option(SPAN),
    "singleton/lockAcquisitionPollingInterval": Option(SPAN),
    "managedDependency/enabled": Option(TRUTH),
    "concurrency/dynamicConcurrencyEnabled": Option(TRUTH),
    "concurrency/snapshotPersistenceEnabled": Option(TRUTH),
    "healthMonitor/enabled": Option(TRUTH),
    "healthMonitor/healthCheckInterval": Option(SPAN),
    "healthMonitor/healthCheckWindow": Option(SPAN),
    "healthMonitor/healthCheckThreshold": Option(WHOLE),
    "healthMonitor/counterThreshold": Option(TEXT),
    "aggregator/batchSize": Option(WHOLE),
    "aggregator/flushTimeout": Option(SPAN),
    "extensionBundle/id": Option(TEXT),
    "extensionBundle/version": Option(TEXT),
    "logging/fileLoggingMode": Option(TEXT),
    "logging/console/isEnabled": Option(TRUTH),
    **{f"extensions/http/{name}": option for name, option in _HTTP.items()},
    **{f"extensions/queues/{name}": option for name, option in _QUEUES.items()},
    **{f"extensions/durableTask/{name}": option for name, option in _DURABLE.items()},
}
# Below these anything may stand: names of the app's own, or options of parts that are not here.
OPEN: Final = (
    "$schema", "functions", "watchDirectories", "watchFiles", "customHandler",
    "logging/logLevel", "logging/applicationInsights", "logging/console",
    "extensions/http/customHeaders", "extensions/http/hsts",
    "extensions/durableTask/appLeaseOptions", "extensions/durableTask/notifications",
    *(f"extensions/{name}" for name in (
        "azureOpenAI", "blobs", "cosmosDB", "dapr", "eventGrid", "eventHubs", "kafka", "mcp",
        "mysql", "rabbitMQ", "redis", "sendGrid", "serviceBus", "signalR", "sql", "tables",
        "twilio", "warmup", "webPubSub",
    )),
)  # fmt: skip
LOG_LEVELS: Final = ("Trace", "Debug", "Information", "Warning", "Error", "Critical", "None")
