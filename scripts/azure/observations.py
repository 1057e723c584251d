"""What a program can see of a deployment by itself: its health, its figures, its telemetry."""

import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isinf
from typing import Any, Final

import httpx

from scripts.azure import OperationError, thresholds
from scripts.azure.az import az_json
from scripts.azure.compiled import COMPILED, INFRA
from scripts.azure.thresholds import Verdict

ALERTS: Final = INFRA / COMPILED / "prod.json"
RULE: Final = "Microsoft.Insights/scheduledQueryRules"
FEWEST: Final = 20  # requests; of fewer no share is told, as the alerts do it
OWN: Final = re.compile(r"/?(health|metrics|api/v1/health)(/|$)")
Scrape = dict[str, float]  # a line of Prometheus' text format without its value -> the value


@dataclass(frozen=True)
class Finding:
    """What was found, and what it means."""

    verdict: Verdict
    says: str


Findings = dict[str, Finding]


def judged(good: bool, says: str, otherwise: Verdict = Verdict.OUTSIDE) -> Finding:
    """Within the aims if good."""
    return Finding(Verdict.WITHIN if good else otherwise, says)


def at_most(limit: float, value: float, unit: str) -> Finding:
    """Within the aims up to a limit."""
    return judged(value <= limit, f"{value:.4g} {unit}".strip())


def of_health(http: httpx.Client) -> Findings:
    """Whether it answers, and its parts, the database and Redis apart: without them, roll back."""
    try:
        answer = http.get("/health")
        parts = dict(answer.json()["components"])
        version = answer.json()["version"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        nothing = f"/health tells nothing: {error or type(error).__name__}"
        return {"health": Finding(Verdict.ROLL_BACK, nothing)}
    bad = [name for name, state in parts.items() if state != "healthy"]
    says = f"not healthy: {', '.join(bad)}" if bad else f"version {version}"
    serves = answer.status_code == 200
    found = {
        "health": judged(not bad and serves, says, Verdict.OUTSIDE if serves else Verdict.ROLL_BACK)
    }
    for name in {"database", "cache", "limiter", "orchestrator"} & parts.keys():
        otherwise = Verdict.OUTSIDE if name == "orchestrator" else Verdict.ROLL_BACK
        found[name] = judged(parts[name] == "healthy", parts[name], otherwise)
    return found


def of_pages(http: httpx.Client) -> Findings:
    """Whether the documentation is there."""
    try:
        statuses = {path: http.get(path).status_code for path in ("/docs", "/openapi.json")}
    except httpx.HTTPError as error:
        return {"pages": Finding(Verdict.ROLL_BACK, str(error) or type(error).__name__)}
    says = ", ".join(f"{path} {status}" for path, status in statuses.items())
    return {"pages": judged(set(statuses.values()) == {200}, says)}


def scrape(http: httpx.Client, token: str) -> Scrape:
    """The figures of one of its processes.

    Raises:
        OperationError: it shows none.
    """
    from prometheus_client.parser import text_string_to_metric_families

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = http.get("/metrics", headers=headers).raise_for_status()
        families = list(text_string_to_metric_families(answer.text))
    except (httpx.HTTPError, ValueError) as error:
        raise OperationError(f"/metrics shows nothing (METRICS_TOKEN?): {error}") from None
    return {
        sample.name + "".join(f" {k}={v}" for k, v in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def of_scrapes(before: Scrape, after: Scrape) -> Findings:
    """What happened between two scrapes, and how things stand at the second."""
    found = _standing(after)
    counters = [key for key in before if key.startswith("http_request")]
    if any(after.get(key, -1) < before[key] for key in counters):
        return found  # another process answered, or it started anew: nothing was in between
    gained = {
        key: value - before.get(key, 0)
        for key, value in after.items()
        if key.startswith("http_request") and not OWN.match(_label(key, "route"))
    }
    requests = {k: v for k, v in gained.items() if k.startswith("http_requests_total ")}
    total = sum(requests.values())
    if total < FEWEST:
        return found
    failed = sum(n for key, n in requests.items() if _label(key, "status").startswith("5"))
    found["errors"] = _errors(failed / total)
    bound = 1000 * _bound(gained, 0.95)
    # Just below the bound: what took that long at most is within a limit of the same number.
    says = "over 10 s" if isinf(bound) else f"at most {bound:.0f} ms"
    found["p95"] = Finding(thresholds.of_p95(0.999 * bound), says)
    return found


def _standing(now: Scrape) -> Findings:
    found: Findings = {}
    queues = {_label(key, "queue"): n for key, n in now.items() if "queue_messages " in key}
    if queues:
        poison = sum(n for name, n in queues.items() if name.endswith("-poison"))
        found["poison"] = at_most(0, poison, "messages put aside")
        waiting = max(n for name, n in queues.items() if not name.endswith("-poison"))
        found["queues"] = at_most(1000, waiting, "messages at most")
    pool = {_label(key, "state"): n for key, n in now.items() if "database_pool " in key}
    if pool:
        found["pool"] = at_most(0, pool["waiting"], "requests wait for a connection")
    return found


def _bound(gained: Scrape, share: float) -> float:
    """Seconds within which that share was answered: the upper bound of a bucket, or infinity."""
    buckets: dict[float, float] = {}
    for key, number in gained.items():
        if key.startswith("http_request_duration_seconds_bucket "):
            bound = float(_label(key, "le"))
            buckets[bound] = buckets.get(bound, 0) + number
    wanted = share * max(buckets.values())
    return min(bound for bound, number in buckets.items() if number >= wanted)


def _label(key: str, name: str) -> str:
    match = re.search(rf" {name}=(\S+)", key)
    return match[1] if match else ""


def of_telemetry(group: str, minutes: int) -> Findings:
    """What the workspace of a resource group has on the last minutes, asked as the alerts ask.

    Raises:
        OperationError: it cannot be asked.
    """
    found: Findings = {}
    where = az_json("monitor", "log-analytics", "workspace", "list", "--resource-group", group)
    if not where:
        raise OperationError(f"There is no Log Analytics workspace in {group}.")
    asked = queries()
    for name in MEASURED:
        answer = az_json(
            "monitor", "log-analytics", "query", "--workspace", str(where[0]["customerId"]),
            "--analytics-query", asked[name], "--timespan", f"PT{minutes}M",
        )  # fmt: skip
        values = [row["value"] for row in answer or () if row.get("value") not in (None, "", "NaN")]
        if values:
            found |= MEASURED[name](max(map(float, values)))
    return found


# By the alert whose query measures it.
MEASURED: Final[dict[str, Callable[[float], Findings]]] = {
    "error-rate-critical": lambda value: {"errors": _errors(value / 100)},
    "latency-critical": lambda value: {"p95": Finding(thresholds.of_p95(value), f"{value:.0f} ms")},
    "database-slow": lambda value: {"queries": at_most(100, value, "ms at p95")},
    "database-failing": lambda value: {
        "connections": at_most(0, value, "failures to reach the database")
    },
    "cpu-critical": lambda value: {"cpu": at_most(70, value, "%")},
    "memory-critical": lambda value: {"memory": at_most(80, value, "%")},
    "queue-depth": lambda value: {"queues": at_most(1000, value, "messages at most")},
    "poison-messages": lambda value: {"poison": at_most(0, value, "messages put aside")},
}


def queries() -> dict[str, str]:
    """The query of each alert by its name, as the compiler has put it together."""
    resources = json.loads(ALERTS.read_text())["predictedResources"]
    return {
        resource["name"].removesuffix("-pixcrawler-prod"): _query(resource)
        for resource in resources
        if resource["type"] == RULE
    }


def _query(rule: dict[str, Any]) -> str:
    return str(rule["properties"]["criteria"]["allOf"][0]["query"])


def _errors(share: float) -> Finding:
    return Finding(thresholds.of_errors(share), f"{share:.2%}")


def worst(findings: Iterable[Finding]) -> Verdict:
    """The gravest of the verdicts."""
    return max((finding.verdict for finding in findings), default=Verdict.WITHIN)


def watch(http: httpx.Client, token: str, seconds: float, before: Scrape | None) -> Findings:
    """Two scrapes, so many seconds apart unless the first was kept.

    Raises:
        OperationError: it shows no figures.
    """
    if before is None:
        before = scrape(http, token)
        time.sleep(seconds)
    return of_scrapes(before, scrape(http, token))
