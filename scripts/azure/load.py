"""Whether a deployment is fast enough: a steady, gentle load from outside, as a signed-in user.

    scripts/load.py URL [--seconds 120] [--per-second 5]

Nine of ten requests read (progress of a job, the list of jobs), the tenth creates a job that is
never started; all of it is removed at the end. Signs in as the smoke test does. A user may make
600 reads and 120 writes a minute: beyond 10 requests a second the limiter is what is measured.

Exit code 0: within the aims (p95 under 200 ms, fewer than 1 % fail); 1: outside; 3: where a
deployment is rolled back (p95 over 1 s, or more than 5 % fail); 2: it cannot be tried.
"""

import argparse
import asyncio
import sys
from contextlib import suppress
from typing import Final

import httpx

from scripts.arguments import AMOUNT
from scripts.azure.account import user
from scripts.azure.checks import web_address
from scripts.azure.program import ended
from scripts.azure.thresholds import Verdict, of_errors, of_p95
from scripts.bench.load import Load, at_rate, percentiles
from scripts.crawl.api import Api, ApiError

JOBS: Final = 5
LEAST: Final = 100  # of fewer requests p99 says nothing
TIMEOUT_SECONDS: Final = 30.0
SAYS: Final = {
    Verdict.WITHIN: "Within the aims: p95 under 200 ms, fewer than 1 % fail.",
    Verdict.OUTSIDE: "Outside the aims: p95 under 200 ms, fewer than 1 % fail.",
    Verdict.ROLL_BACK: "Roll back: p95 over 1 s, or more than 5 % fail.",
}


def main() -> int:
    """The verdict, or 2 when it cannot be tried."""
    given = _parse()
    try:
        with user() as (email, password), Api(given.url) as api:
            api.sign_in(email, password)
            load = _run(api, given)
    except (ApiError, httpx.HTTPError) as error:
        print(f"It cannot be tried: {error}", file=sys.stderr)
        return 2
    verdict = judge(load)
    print(SAYS[verdict])
    return int(verdict)


def judge(load: Load) -> Verdict:
    """Prints the figures of what was sent and says what they mean."""
    figures, share = percentiles(load.seconds), load.errors / len(load.seconds)
    times = ", ".join(f"{name.removesuffix('_ms')} {ms:g} ms" for name, ms in figures.items())
    print(f"{len(load.seconds)} requests: {times}, {share:.2%} failed", flush=True)
    return max(of_p95(figures["p95_ms"]), of_errors(share))


def _run(api: Api, given: argparse.Namespace) -> Load:
    project = api.post("projects", {"name": "load"})["id"]
    try:
        job = {"project_id": project, "name": "load", "keywords": ["cat"]}
        jobs = [api.post("jobs", job)["id"] for _ in range(JOBS)]
        headers = {"Authorization": api.authorization}
        load = Load(f"{given.url}/api/v1", headers, project, jobs)
        requests = round(given.seconds * given.per_second)
        print(f"{given.per_second:g} requests a second for {given.seconds:g} s", flush=True)
        asyncio.run(at_rate(load, requests, given.per_second, timeout=TIMEOUT_SECONDS))
        return load
    finally:
        with suppress(ApiError):  # what was measured is said all the same
            api.delete(f"projects/{project}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="load.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "url",
        type=web_address,
        help="where the app is, e.g. https://pixcrawler-….azurewebsites.net",
    )
    parser.add_argument("--seconds", type=AMOUNT, default=120, help="how long (default: 120)")
    parser.add_argument("--per-second", type=AMOUNT, default=5, help="how much (default: 5)")
    given = parser.parse_args()
    if given.seconds * given.per_second < LEAST:
        parser.error(f"at least {LEAST} requests are needed: more --seconds or --per-second")
    return given


if __name__ == "__main__":
    sys.exit(ended("load", main))
