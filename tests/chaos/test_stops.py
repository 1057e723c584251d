"""Jobs that are stopped at any moment."""

import random
import time
from typing import Any

import httpx

from scripts.crawl.api import Api
from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from tests.chaos.disturbance import running_stack
from tests.crawling import result_of, signed_in, start_crawl, wait_for
from tests.scale import sized

STOPS = sized(3, 200)


def test_a_stopped_job_has_ended_for_good() -> None:
    keywords = load().keywords[:10]
    chance = random.Random(7)
    with running_stack() as stack, signed_in(stack) as api:
        for _ in range(STOPS):
            job_id = start_crawl(api, keywords, 500)
            time.sleep(chance.uniform(0, 3))
            _stop(stack, api, job_id)


def _stop(stack: LocalStack, api: Api, job_id: int) -> None:
    before = time.monotonic()
    assert api.post(f"jobs/{job_id}/stop")["status"] == "cancelled"
    assert time.monotonic() - before < 10
    rows = result_of(stack, job_id).rows
    _wait_until_idle(stack)
    result = result_of(stack, job_id)
    assert (result.rows, result.charged, result.unsettled_holds) == (rows, rows, 0)
    assert (result.orphans, result.lost_blobs) == (frozenset(), frozenset())
    assert api.get("credits/balance")["reserved"] == 0
    api.delete(f"projects/{api.get(f'jobs/{job_id}')['project_id']}")  # storage stays small


def _wait_until_idle(stack: LocalStack) -> None:
    """Until nothing of the job is under way in the engine any more."""
    url = f"{stack.info.api_url}/runtime/webhooks/devhost/instances"

    def is_idle(counts: dict[str, Any]) -> bool:
        return not counts["pendingActivities"] and "Running" not in counts["instances"]

    wait_for(lambda: httpx.get(url).json(), is_idle)
