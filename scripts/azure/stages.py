"""The stages of a deployment and what is checked in each; see docs/operations.md."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Item:
    """One line of the list; ``seen`` names what a program may find (`observations.py`)."""

    text: str
    seen: str = ""


@dataclass(frozen=True)
class Stage:
    """A moment of a deployment; ``minutes`` of telemetry are looked at."""

    title: str
    minutes: int
    items: tuple[Item, ...]


HEALTH: Final = (
    Item("`/health` answers and all parts are healthy", "health"),
    Item("the database is reachable", "database"),
    Item("the Redis that caches is reachable (where there is one)", "cache"),
    Item("the Redis that counts is reachable (where there is one)", "limiter"),
)
RATES: Final = (
    Item("fewer than 1 % of requests fail", "errors"),
    Item("p95 of requests is under 200 ms", "p95"),
)
LOAD: Final = (
    *RATES,
    Item("p95 of queries is under 100 ms", "queries"),
    Item("no failure to reach the database", "connections"),
    Item("no request waits for a database connection", "pool"),
    Item("queues are short", "queues"),
    Item("no message was put aside", "poison"),
    Item("orchestrations start", "orchestrator"),
)
MACHINES: Final = (
    Item("CPU under 70 %", "cpu"),
    Item("memory under 80 %", "memory"),
    Item("memory does not creep up: the workbook's chart of the whole time"),
)

STAGES: Final = {
    "before": Stage("Before the deployment", 60, (
        Item("the commit passed `./scripts/test.sh`"),
        Item("it ran in staging for 48 hours, and its list there is ticked"),
        Item("staging is fast enough: `scripts/load.py URL`, run by the workflow, ended with 0"),
        Item("settings and secrets are set, new ones too: `scripts/doctor.py`"),
        Item("migrations only add; what they lock, and for how long, was tried on a copy"),
        Item("the window is set, and who deploys and who decides is there in it"),
        Item("the team, and support, have been told when and what"),
        Item("it is known which build comes back, and that the migrations let it run"),
        Item("alerts are on and reach who is on call"),
        *HEALTH,
        *RATES,
    )),
    "5-minutes": Stage("Within 5 minutes", 5, (
        *HEALTH,
        Item("the documentation is there", "pages"),
        *RATES,
        Item("no failure to reach the database", "connections"),
        Item("the smoke test passed (`deploy.sh` runs it): sign-in, crawl, notification"),
    )),
    "15-minutes": Stage("Within 15 minutes", 15, (
        *HEALTH,
        *RATES,
        Item("a project and a job of one's own, in the frontend, to the image on the screen"),
        Item("the notification came, and the frontend showed it without being reloaded"),
        Item("browsers are let in: `scripts/smoke.py URL --origin FRONTEND`"),
    )),
    "30-minutes": Stage("Within 30 minutes", 30, (
        *HEALTH,
        *LOAD,
        Item("jobs that ran during the deployment went on"),
    )),
    "24-hours": Stage("The first 24 hours", 24 * 60, (
        *HEALTH,
        *LOAD,
        *MACHINES,
        Item("no alert came that nobody has explained"),
    )),
    "48-hours": Stage("48 hours in staging", 48 * 60, (
        *HEALTH,
        *LOAD,
        *MACHINES,
        Item("*Errors by logger and message* of the workbook has nothing new"),
    )),
    "week": Stage("The first week", 7 * 24 * 60, (
        Item("looked at hourly on the first day, every four hours on the next two, then daily"),
        *HEALTH,
        *LOAD,
        *MACHINES,
        Item("the new figures are the base line: docs/performance.md, thresholds of the alerts"),
        Item("settings that nothing reads any more are removed"),
        Item("what went wrong stands in docs/operations.md"),
    )),
    "rolled-back": Stage("After rolling back", 15, (
        *HEALTH,
        *RATES,
        Item("sign-in and a crawl work again: `scripts/smoke.py URL`"),
        Item("the team has been told, and users who noticed"),
        Item("why: written down while it is fresh (post-mortem in docs/operations.md)"),
        Item("the cause is found, not only the trigger"),
        Item("it is mended in staging, with a test that fails without the mending"),
        Item("the next date is set, and that list begins anew"),
    )),
}  # fmt: skip
