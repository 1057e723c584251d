"""host.json, local.settings.json and the environment, as typed settings."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.devhost.host.errors import HostError

_STRING_OR_COMMENT: Final = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.S)
_TIME_SPAN: Final = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?")
_SETTING: Final = re.compile(r"%([^%]+)%")
_OVERRIDE: Final = "azurefunctionsjobhost__"


@dataclass(frozen=True)
class HttpSettings:
    """extensions.http of host.json; a limit of None is off."""

    route_prefix: str
    max_outstanding: int | None
    max_concurrent: int | None
    custom_headers: Mapping[str, str]
    body_limit: int

    @property
    def has_impossible_limit(self) -> bool:
        """Whether a limit is one with which the real host fails every request."""
        return any(
            limit is not None and limit < 1 for limit in (self.max_outstanding, self.max_concurrent)
        )


@dataclass(frozen=True)
class QueueSettings:
    """extensions.queues of host.json, times in seconds."""

    batch_size: int
    new_batch_threshold: int
    max_dequeue_count: int
    visibility_timeout: float
    max_polling_interval: float
    base64: bool


@dataclass(frozen=True)
class DurableSettings:
    """extensions.durableTask of host.json.

    The limits hold for one host with all its worker processes, as in Azure, where they hold for
    one instance however many worker processes it runs. The visibility timeouts are how many seconds
    the work of a host that died stays with it.
    """

    hub_name: str
    max_activities: int
    max_orchestrators: int
    replace_running_instances: bool
    store_inputs: bool
    default_version: str
    work_item_visibility: float = 300.0
    control_queue_visibility: float = 300.0


@dataclass(frozen=True)
class CorsSettings:
    """Which browser origins may call; none means that CORS is off."""

    origins: frozenset[str]
    credentials: bool


@dataclass(frozen=True)
class HostSettings:
    """Everything the host reads from the app's directory and the environment."""

    http: HttpSettings
    queues: QueueSettings
    durable: DurableSettings
    cors: CorsSettings
    port: int
    function_timeout: float | None


def parse_time_span(text: str) -> float:
    """Seconds of a .NET TimeSpan such as `00:10:00` or `1.00:00:00`."""
    match = _TIME_SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a time span")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def expand(text: str, where: str) -> str:
    """The text with every %NAME% replaced by that application setting."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise HostError(f"{where}: the setting %{match[1]}% is not defined.")
        return found

    return _SETTING.sub(value, text)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    text = _STRING_OR_COMMENT.sub(
        lambda match: match[0] if match[0].startswith('"') else " ", path.read_text("utf-8-sig")
    )
    try:
        content = json.loads(text)
    except ValueError as error:
        raise HostError(f"{path.name} is not valid JSON: {error}.") from None
    if not isinstance(content, dict):
        raise HostError(f"{path.name} must hold one JSON object.")
    return content


def load_settings(app: Path, *, cors: str | None = None) -> HostSettings:
    """Read the app's settings; `Values` become environment variables unless set already."""
    if not (app / "host.json").exists():
        raise HostError(f"{app} has no host.json: it is not a Functions app.")
    host = _read_json(app / "host.json")
    local = _read_json(app / "local.settings.json")
    if local.get("IsEncrypted"):
        raise HostError("local.settings.json is encrypted; decrypt it with `func settings`.")
    for name, value in local.get("Values", {}).items():
        os.environ.setdefault(name, str(value))
    os.environ.setdefault("FUNCTIONS_WORKER_RUNTIME", "python")
    os.environ.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
    _override(host, os.environ)
    extensions = host.get("extensions", {})
    try:
        return HostSettings(
            http=_http(extensions.get("http", {})),
            queues=_queues(extensions.get("queues", {})),
            durable=_durable(extensions.get("durableTask", {})),
            cors=_cors(local.get("Host", {}), cors),
            port=int(local.get("Host", {}).get("LocalHttpPort", 7071)),
            function_timeout=_timeout(host.get("functionTimeout", "00:30:00")),
        )
    except (TypeError, ValueError) as error:
        raise HostError(f"host.json: {error}.") from None


def _override(host: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Put `AzureFunctionsJobHost__a__b=value` in the place of a.b, in whatever case."""
    for name, text in environment.items():
        if not name.lower().startswith(_OVERRIDE):
            continue
        *sections, key = name[len(_OVERRIDE) :].split("__")
        place = host
        for section in sections:
            place = place.setdefault(_named(place, section), {})
        place[_named(place, key)] = _scalar(text)


def _named(place: Mapping[str, Any], name: str) -> str:
    return next((known for known in place if known.lower() == name.lower()), name)


def _scalar(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _http(section: dict[str, Any]) -> HttpSettings:
    def limit(name: str) -> int | None:
        value = int(section.get(name, -1))
        return None if value == -1 else value

    return HttpSettings(
        route_prefix=str(section.get("routePrefix", "api")),
        max_outstanding=limit("maxOutstandingRequests"),
        max_concurrent=limit("maxConcurrentRequests"),
        custom_headers=section.get("customHeaders", {}),
        body_limit=int(os.environ.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", 104_857_600)),
    )


def _queues(section: dict[str, Any]) -> QueueSettings:
    batch_size = int(section.get("batchSize", 16))
    if not 1 <= batch_size <= 32:
        raise ValueError("extensions.queues.batchSize must be between 1 and 32")
    encoding = section.get("messageEncoding", "base64")
    if encoding not in ("base64", "none"):
        raise ValueError("extensions.queues.messageEncoding must be base64 or none")
    threshold = section.get("newBatchThreshold", batch_size // 2 * (os.cpu_count() or 1))
    return QueueSettings(
        batch_size=batch_size,
        new_batch_threshold=int(threshold),
        max_dequeue_count=int(section.get("maxDequeueCount", 5)),
        visibility_timeout=parse_time_span(section.get("visibilityTimeout", "00:00:00")),
        max_polling_interval=max(
            0.1, parse_time_span(section.get("maxPollingInterval", "00:01:00"))
        ),
        base64=encoding == "base64",
    )


def _durable(section: dict[str, Any]) -> DurableSettings:
    default_limit = 10 * (os.cpu_count() or 1)
    storage = section.get("storageProvider", {})

    def visibility(queue: str) -> float:
        return parse_time_span(storage.get(f"{queue}QueueVisibilityTimeout", "00:05:00"))

    overridable = section.get("overridableExistingInstanceStates", "NonRunningStates")
    return DurableSettings(
        hub_name=expand(section.get("hubName", "TestHubName"), "host.json, hubName"),
        max_activities=int(section.get("maxConcurrentActivityFunctions", default_limit)),
        max_orchestrators=int(section.get("maxConcurrentOrchestratorFunctions", default_limit)),
        replace_running_instances=overridable == "AnyState",
        store_inputs=bool(section.get("storeInputsInOrchestrationHistory", False)),
        default_version=str(section.get("defaultVersion") or ""),
        work_item_visibility=visibility("workItem"),
        control_queue_visibility=visibility("control"),
    )


def _cors(section: dict[str, Any], command_line: str | None) -> CorsSettings:
    listed = command_line or section.get("CORS") or os.environ.get("ALLOWED_ORIGINS") or ""
    origins = frozenset(part.strip().rstrip("/") for part in listed.split(",") if part.strip())
    return CorsSettings(origins, bool(section.get("CORSCredentials", False)))


def _timeout(text: str) -> float | None:
    return None if str(text) == "-1" else parse_time_span(text)
