"""An orchestration that an operator ends while its job runs: the job has failed, and can go on."""

import httpx

from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from tests.chaos.disturbance import KEYWORDS, running_stack
from tests.crawling import (
    best_files,
    left_now,
    result_of,
    signed_in,
    start_crawl,
    wait_for,
    wait_for_end,
)

WITHIN_SECONDS = 60


def end_instance(stack: LocalStack, job_id: int) -> None:
    """Ends the job's instance from outside, as soon as the job has images."""
    url = f"{stack.info.api_url}/runtime/webhooks/durabletask/instances/job-{job_id}-1"
    wait_for(lambda: left_now(stack, job_id).rows, bool)
    assert httpx.post(f"{url}/terminate", params={"reason": "a test"}).status_code == 202


def test_an_ended_instance_is_the_end_of_its_attempt() -> None:
    catalogue = load()
    keywords = catalogue.keywords[:KEYWORDS]
    with running_stack() as stack, signed_in(stack) as api:
        job_id = start_crawl(api, keywords, 1000)
        end_instance(stack, job_id)
        ended = wait_for_end(api, job_id, seconds=WITHIN_SECONDS)
        assert (ended["status"], ended["failure_reason"]) == (
            "failed",
            "An operator has ended it: a test",
        )
        assert left_now(stack, job_id).unsettled_holds == 0
        api.post(f"jobs/{job_id}/retry")
        assert wait_for_end(api, job_id, seconds=240)["status"] == "completed"
        wait_for(lambda: result_of(stack, job_id).notifications, lambda count: count > 1)
        result = result_of(stack, job_id)
    assert result.images == best_files(catalogue, keywords)
    assert (result.orphans, result.lost_blobs, result.unsettled_holds) == (
        frozenset(),
        frozenset(),
        0,
    )
