"""What a frontend in a browser needs of a deployment: its calls, its origin, its limits."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from scripts.azure.checks import CheckFailed, equal
from scripts.crawl.api import Api

# Lists and dashboard of docs/migration-guide.md, "To the API"; {job} and {project} are ids.
LISTS: Final = ("projects", "jobs", "jobs/{job}/logs", "notifications")
SINGLE: Final = ("projects/{project}", "jobs/{job}", "dashboard/stats")
FIGURES: Final = (
    "total_projects", "active_jobs", "total_datasets", "total_images", "credits_remaining",
    "storage_used", "processing_speed",
)  # fmt: skip
FOREIGN: Final = "https://not-the-frontend.example"
WANTED: Final = {
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,content-type",
}


def calls(api: Api, job: dict[str, Any]) -> str:
    """How many of the frontend's reads answer in the form that it expects.

    Raises:
        CheckFailed: one answers in another form.
        ApiError: one is refused.
    """
    ids = {"job": job["id"], "project": job["project_id"]}
    for path in LISTS:
        page = api.get(path.format(**ids))
        if not (isinstance(page, dict) and isinstance(page.get("data"), list)):
            raise CheckFailed(f"GET {path} is no page")
        if "next_cursor" not in page.get("meta", {}):
            raise CheckFailed(f"GET {path} does not say what comes next")
    answers = {path: api.get(path.format(**ids)) for path in SINGLE}
    equal(answers["jobs/{job}"]["project_id"], ids["project"])
    missing = [name for name in FIGURES if name not in answers["dashboard/stats"]]
    if missing:
        raise CheckFailed(f"the dashboard lacks {', '.join(missing)}")
    return f"{len(LISTS) + len(SINGLE)} calls"


def origin(http: httpx.Client, address: str) -> str:
    """The origin, which may call with a token; another one may not.

    Raises:
        CheckFailed: it may not, or any other may.
    """
    parts = urlsplit(address)
    if not parts.scheme or not parts.netloc:
        raise CheckFailed(f"{address} is no origin, such as https://app.example.com")
    own = f"{parts.scheme}://{parts.netloc}"
    allowed = _preflight(http, own)
    if allowed.get("Access-Control-Allow-Origin") not in (own, "*"):
        raise CheckFailed(f"{own} may not call: is it among ALLOWED_ORIGINS and the app's CORS?")
    for wanted, given in (("Method", "Methods"), ("Headers", "Headers")):
        asked = set(WANTED[f"Access-Control-Request-{wanted}"].lower().split(","))
        names = set(re.split(r"\s*,\s*", allowed.get(f"Access-Control-Allow-{given}", "").lower()))
        if not asked <= names and "*" not in names:
            raise CheckFailed(f"Access-Control-Allow-{given} lacks {', '.join(asked - names)}")
    if _preflight(http, FOREIGN).get("Access-Control-Allow-Origin") in (FOREIGN, "*"):
        raise CheckFailed("every origin may call")
    read = http.get("/health/live", headers={"Origin": own})
    if read.headers.get("Access-Control-Allow-Origin") not in (own, "*"):
        raise CheckFailed(f"{own} may not read answers")
    return own


def limits(http: httpx.Client, authorization: str) -> str:
    """The policy that reads are counted by; two of them count as two.

    Raises:
        CheckFailed: they are not counted, or nobody is told.
    """
    quota, before, ends = _left(http, authorization)
    _, after, later = _left(http, authorization)
    if later > ends:  # the window ended in between, and the next one does not that soon
        before, (_, after, _) = after, _left(http, authorization)
    if not 0 <= after < before <= quota:
        raise CheckFailed(f"of {quota} requests {before} were left, and {after} after another one")
    return f"{after} of {quota} left"


def _preflight(http: httpx.Client, origin: str) -> httpx.Headers:
    return http.options("/api/v1/projects/1", headers={"Origin": origin, **WANTED}).headers


def _left(http: httpx.Client, authorization: str) -> tuple[int, int, int]:
    """The quota of reads, how much of it is left, and the seconds until it is whole again."""
    answer = http.get("/api/v1/dashboard/stats", headers={"Authorization": authorization})
    policy = re.match(r'"(\w+)";q=(\d+);w=\d+', answer.headers.get("RateLimit-Policy", ""))
    count = re.match(r'"(\w+)";r=(\d+);t=(\d+)', answer.headers.get("RateLimit", ""))
    if policy is None or count is None:
        raise CheckFailed("RateLimit-Policy or RateLimit is missing: is LIMITER_ENABLED off?")
    equal(count[1], policy[1])
    return int(policy[2]), int(count[2]), int(count[3])
