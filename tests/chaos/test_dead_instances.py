"""An orchestration that is dead while its job runs: the job goes on within a minute."""

import httpx

from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from tests.chaos.disturbance import check, crawl, running_stack
from tests.crawling import left_now, wait_for

WITHIN_SECONDS = 60


def end_instance(stack: LocalStack) -> None:
    """Ends the first job's instance from outside, as soon as the job has images."""
    url = f"{stack.info.api_url}/runtime/webhooks/durabletask/instances/job-1-1"

    def status() -> str:
        return str(httpx.get(url).json()["runtimeStatus"])

    wait_for(lambda: left_now(stack, 1).rows, bool)
    assert httpx.post(f"{url}/terminate", params={"reason": "a test"}).status_code == 202
    wait_for(status, lambda seen: seen == "Terminated")
    wait_for(status, lambda seen: seen != "Terminated", seconds=WITHIN_SECONDS)


def test_a_dead_instance_is_started_anew_where_the_job_stands() -> None:
    with running_stack() as stack:
        check(crawl(stack, load(), disturb=end_instance))
