"""Whether a deployment works, tried from outside as a user would, with a real crawl of 5 images.

    scripts/smoke.py URL [--public] [--commit ID] [--origin https://app.example.com]
                     [--keyword cat] [--seconds 300]

Signs in with SMOKE_EMAIL and SMOKE_PASSWORD, or makes a user with SUPABASE_URL and
SUPABASE_SERVICE_ROLE_KEY and removes it again. Needs no other settings of the app.
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import httpx

from scripts.arguments import AMOUNT
from scripts.azure import browser
from scripts.azure.account import user
from scripts.azure.checks import CheckFailed, Checks, equal, web_address
from scripts.azure.program import ended
from scripts.crawl.api import Api, ApiError

IMAGES: Final = 5
POLL_SECONDS: Final = 0.5
SIGNATURES: Final = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8", b"BM")


def main() -> int:
    """0 when everything works, 1 when something does not, 2 when it cannot be tried."""
    given = _parse()
    checks = Checks()
    with httpx.Client(base_url=given.url, timeout=30) as http:
        _public(checks, http, given)
        if given.origin:
            checks.run("the frontend's origin", lambda: browser.origin(http, given.origin))
        if not given.public and not checks.failed:
            try:
                with user() as (email, password), Api(given.url) as api:
                    _private(checks, http, api, email, password, given)
            except (ApiError, httpx.HTTPError, ValueError) as error:
                print(f"  FAIL  no user to try it with (--public needs none): {error}")
                return 2
    print("Everything works." if not checks.failed else f"{checks.failed} checks failed.")
    return 1 if checks.failed else 0


def _public(checks: Checks, http: httpx.Client, given: Any) -> None:
    if not checks.run("the process lives", lambda: _wait_until_alive(http, given.seconds)):
        return
    if given.commit:
        checks.run("it is the build", lambda: _wait_for_build(http, given.commit, given.seconds))
    checks.run("all parts are healthy", lambda: _health(http))
    checks.run("the OpenAPI document", lambda: _openapi(http))
    checks.run("Swagger UI and ReDoc", lambda: _pages(http))
    checks.run("strangers are refused", lambda: _stranger(http))


def _private(
    checks: Checks, http: httpx.Client, api: Api, email: str, password: str, given: Any
) -> None:
    """A user's way through the product; each step needs the one before."""
    job: dict[str, Any] = {}
    steps: list[tuple[str, Callable[[], str | None]]] = [
        ("signing in", lambda: api.sign_in(email, password)),
        ("whose account it is", lambda: equal(api.get("auth/me")["email"], email)),
        # Before the crawl, which asks so often that little may be left.
        ("requests are counted", lambda: browser.limits(http, api.authorization)),
        ("a project", lambda: job.update(project_id=api.post("projects", {"name": "smoke"})["id"])),
        ("a job", lambda: job.update(_create(api, job["project_id"], given.keyword))),
        (f"a crawl of {IMAGES} images", lambda: _crawl(api, job["id"], given.seconds)),
        ("an image's bytes", lambda: _image(api, job["id"])),
        ("the notification", lambda: _notification(api, given.seconds)),
        ("the frontend's calls", lambda: browser.calls(api, job)),
    ]
    all(checks.run(name, step) for name, step in steps)
    if "project_id" in job:
        checks.run("cleaning up", lambda: _remove(api, job))


def _wait_until_alive(http: httpx.Client, seconds: float) -> None:
    """A deployment that has just been made may answer 502 for a while."""
    deadline = time.monotonic() + min(seconds, 120)
    while True:
        try:
            answer = http.get("/health/live")
            reason = f"/health/live answers {answer.status_code}"
            if answer.status_code == 200:
                return
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
        if time.monotonic() > deadline:
            raise CheckFailed(reason)
        time.sleep(POLL_SECONDS)


def _wait_for_build(http: httpx.Client, commit: str, seconds: float) -> str:
    """Instances of the build before may answer until they are replaced."""

    def version() -> str:
        try:
            return str(http.get("/health").json()["version"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            return str(error) or type(error).__name__

    def is_wanted(version: str) -> bool:
        _, _, built = version.partition("+")
        return bool(built) and commit.startswith(built)

    return str(_wait(version, is_wanted, min(seconds, 120)))


def _health(http: httpx.Client) -> str:
    answer = http.get("/health")
    health = answer.json()
    bad = [name for name, state in health["components"].items() if state != "healthy"]
    if answer.status_code != 200 or bad:
        raise CheckFailed(f"{answer.status_code}, not healthy: {', '.join(bad)}")
    return str(health["version"])


def _openapi(http: httpx.Client) -> str:
    document = http.get("/openapi.json").raise_for_status().json()
    if "/api/v1/jobs" not in document["paths"]:
        raise CheckFailed("it does not list /api/v1/jobs")
    return f"{len(document['paths'])} paths"


def _pages(http: httpx.Client) -> None:
    for path in ("/docs", "/redoc"):
        page = http.get(path).raise_for_status()
        if not page.headers["content-type"].startswith("text/html"):
            raise CheckFailed(f"{path} is no page")


def _stranger(http: httpx.Client) -> None:
    answer = http.get("/api/v1/auth/me", headers={"Authorization": "Bearer a.b.c"})
    equal(answer.status_code, 401)
    equal(answer.headers["content-type"].split(";")[0], "application/problem+json")


def _create(api: Api, project_id: int, keyword: str) -> dict[str, Any]:
    body = {"project_id": project_id, "name": "smoke", "keywords": [keyword], "max_images": IMAGES}
    created: dict[str, Any] = api.post("jobs", body)
    return created


def _crawl(api: Api, job_id: int, seconds: float) -> str:
    api.post(f"jobs/{job_id}/start")
    progress = _wait(
        lambda: api.get(f"jobs/{job_id}/progress"),
        lambda seen: seen["status"] not in ("pending", "running"),
        seconds,
    )
    equal(progress["status"], "completed")
    equal(api.get(f"jobs/{job_id}")["valid_images"], IMAGES)
    return f"job {job_id}"


def _image(api: Api, job_id: int) -> str:
    images = list(api.every(f"jobs/{job_id}/images"))
    equal(len([image for image in images if not image["is_duplicate"]]), IMAGES)
    content = api.content(f"images/{images[0]['id']}/download")
    if not content.startswith(SIGNATURES):
        raise CheckFailed("what is downloaded is no image")
    return f"{len(content)} bytes"


def _notification(api: Api, seconds: float) -> None:
    """It comes over a queue: the queue triggers work."""
    _wait(lambda: api.get("notifications")["data"], bool, min(seconds, 120))


def _remove(api: Api, job: dict[str, Any]) -> None:
    if "id" in job:
        try:
            api.post(f"jobs/{job['id']}/stop")
        except ApiError as error:
            if error.code in ("", "not_found"):
                raise
    api.delete(f"projects/{job['project_id']}")


def _wait(look: Callable[[], Any], good: Callable[[Any], bool], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while not good(seen := look()):
        if time.monotonic() > deadline:
            raise CheckFailed(f"not within {seconds:g} s; the last answer was {seen}")
        time.sleep(POLL_SECONDS)
    return seen


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="smoke.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "url",
        type=web_address,
        help="where the app is, e.g. https://pixcrawler-….azurewebsites.net",
    )
    parser.add_argument("--public", action="store_true", help="only what needs no user")
    parser.add_argument("--commit", help="the full id of the commit whose build must answer")
    parser.add_argument("--origin", help="the frontend's, which browsers must be let in from")
    parser.add_argument("--keyword", default="cat", help="what to crawl (default: %(default)s)")
    parser.add_argument("--seconds", type=AMOUNT, default=300, help="how long a step may take")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(ended("smoke", main))
