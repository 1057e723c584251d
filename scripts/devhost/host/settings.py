"""host.json, local.settings.json and the environment, as typed settings."""

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.devhost.host.environment import load_files, section
from scripts.devhost.host.errors import HostError
from scripts.devhost.host.host_json import HostJson, check, read_host_json
from scripts.devhost.host.host_options import LOG_LEVELS
from scripts.devhost.host.retries import RetryPolicy

_SETTING: Final = re.compile(r"%([^%]+)%")
# In the order of LOG_LEVELS.
_LEVELS: Final = (
    logging.DEBUG, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL,
    logging.CRITICAL + 1,
)  # fmt: skip


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
    log_level: int = logging.INFO  # the least severe lines of the app that are shown


def expand(text: str, where: str) -> str:
    """The text with every %NAME% replaced by that application setting."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise HostError(f"{where}: the setting %{match[1]}% is not defined.")
        return found

    return _SETTING.sub(value, text)


def load_settings(app: Path, *, cors: str | None = None) -> HostSettings:
    """Read the app's settings; those of its files become variables unless they are set already."""
    if not (app / "host.json").exists():
        raise HostError(f"{app} has no host.json: it is not a Functions app.")
    port = os.environ.get("PORT")
    local = load_files(app)
    own = section(local, "Host")
    os.environ.setdefault("FUNCTIONS_WORKER_RUNTIME", "python")
    os.environ.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
    host = read_host_json(app / "host.json")
    timeout = host.get("functionTimeout", 1800.0)
    try:
        return HostSettings(
            http=_http(host),
            queues=_queues(host),
            durable=_durable(host),
            cors=_cors(own, cors),
            port=port_of(port or own.get("LocalHttpPort", os.environ.get("PORT") or 7071)),
            function_timeout=timeout if timeout > 0 else None,
            retry=RetryPolicy.from_host_json(host),
            functions=frozenset(host.section("functions").values()),
            log_level=_log_level(host),
        )
    except (TypeError, ValueError) as error:
        raise HostError(f"local.settings.json: {error}.") from None


def _log_level(host: HostJson) -> int:
    """The level of what functions log; their category is Function.NAME.User."""
    levels = {name.lower(): text for name, text in host.section("logging/logLevel").items()}
    text = (levels.get("function") or levels.get("default") or "Information").strip().lower()
    names = [name.lower() for name in LOG_LEVELS]
    number = names.index(text) if text in names else int(text)
    return _LEVELS[max(0, min(number, len(_LEVELS) - 1))]


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
