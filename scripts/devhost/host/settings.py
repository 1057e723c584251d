"""host.json, local.settings.json and the environment, as typed settings."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.host_json import HostJson, check, read_host_json, read_json
from scripts.devhost.host.retries import RetryPolicy

_SETTING: Final = re.compile(r"%([^%]+)%")


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
    work_item_visibility: float
    control_queue_visibility: float


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
    retry: RetryPolicy | None
    functions: frozenset[str]  # the only ones to run; empty means all


def expand(text: str, where: str) -> str:
    """The text with every %NAME% replaced by that application setting."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise HostError(f"{where}: the setting %{match[1]}% is not defined.")
        return found

    return _SETTING.sub(value, text)


def load_settings(app: Path, *, cors: str | None = None) -> HostSettings:
    """Read the app's settings; `Values` become environment variables unless set already."""
    if not (app / "host.json").exists():
        raise HostError(f"{app} has no host.json: it is not a Functions app.")
    local = read_json(app / "local.settings.json")
    if local.get("IsEncrypted"):
        raise HostError("local.settings.json is encrypted; decrypt it with `func settings`.")
    for name, value in _section(local, "Values").items():
        _set(name, str(value))
    os.environ.setdefault("FUNCTIONS_WORKER_RUNTIME", "python")
    os.environ.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
    host = read_host_json(app / "host.json")
    timeout = host.get("functionTimeout", 1800.0)
    try:
        return HostSettings(
            http=_http(host),
            queues=_queues(host),
            durable=_durable(host),
            cors=_cors(_section(local, "Host"), cors),
            port=port_of(_section(local, "Host").get("LocalHttpPort", 7071)),
            function_timeout=timeout if timeout > 0 else None,
            retry=RetryPolicy.from_host_json(host),
            functions=frozenset(host.section("functions").values()),
        )
    except (TypeError, ValueError) as error:
        raise HostError(f"local.settings.json: {error}.") from None


def _section(local: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = local.get(name)
    if not isinstance(section, dict | None):
        raise HostError(f"local.settings.json: {name} is no object.")
    return section or {}


def _set(name: str, value: str) -> None:
    try:
        os.environ.setdefault(name, value)
    except (ValueError, OSError):
        raise HostError(f"local.settings.json: {name!r} cannot be set as a variable.") from None


def port_of(value: Any) -> int:
    """A port to listen on; ValueError if it is none."""
    port = int(value)
    if not 0 < port < 2**16:
        raise ValueError(f"{port} is no port; ports are numbers from 1 to 65535")
    return port


def _http(host: HostJson) -> HttpSettings:
    def limit(name: str) -> int | None:
        value = host.get(f"extensions/http/{name}", -1)
        return None if value == -1 else int(value)

    return HttpSettings(
        route_prefix=host.get("extensions/http/routePrefix", "api"),
        max_outstanding=limit("maxOutstandingRequests"),
        max_concurrent=limit("maxConcurrentRequests"),
        custom_headers=host.section("extensions/http/customHeaders"),
        body_limit=_body_limit(),
    )


def _body_limit() -> int:
    text = os.environ.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "")
    return int(text) if text.isdecimal() else 104_857_600


def _queues(host: HostJson) -> QueueSettings:
    def given(name: str, default: Any) -> Any:
        return host.get(f"extensions/queues/{name}", default)

    batch_size = given("batchSize", 16)
    return QueueSettings(
        batch_size=batch_size,
        new_batch_threshold=given("newBatchThreshold", batch_size // 2 * (os.cpu_count() or 1)),
        max_dequeue_count=given("maxDequeueCount", 5),
        visibility_timeout=given("visibilityTimeout", 0.0),
        max_polling_interval=given("maxPollingInterval", 60.0),
        base64=given("messageEncoding", "Base64") == "Base64",
    )


def _durable(host: HostJson) -> DurableSettings:
    def given(name: str, default: Any) -> Any:
        return host.get(f"extensions/durableTask/{name}", default)

    default_limit = 10 * (os.cpu_count() or 1)
    overridable = given("overridableExistingInstanceStates", "NonRunningStates")
    hub_name = expand(given("hubName", "TestHubName"), "host.json, hubName")
    check("extensions/durableTask/hubName", hub_name)
    return DurableSettings(
        hub_name=hub_name,
        max_activities=given("maxConcurrentActivityFunctions", default_limit),
        max_orchestrators=given("maxConcurrentOrchestratorFunctions", default_limit),
        replace_running_instances=overridable == "AnyState",
        store_inputs=given("storeInputsInOrchestrationHistory", False),
        default_version=given("defaultVersion", ""),
        work_item_visibility=given("storageProvider/workItemQueueVisibilityTimeout", 300.0),
        control_queue_visibility=given("storageProvider/controlQueueVisibilityTimeout", 300.0),
    )


def _cors(section: dict[str, Any], command_line: str | None) -> CorsSettings:
    listed = command_line or section.get("CORS") or os.environ.get("ALLOWED_ORIGINS") or ""
    if not isinstance(listed, str):
        raise TypeError("Host.CORS is no text of origins with commas between them")
    origins = frozenset(part.strip().rstrip("/") for part in listed.split(",") if part.strip())
    return CorsSettings(origins, bool(section.get("CORSCredentials", False)))
