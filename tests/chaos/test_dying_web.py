"""The web goes away in the middle of a crawl."""

import psutil

from scripts.devhost.imageweb.catalogue import load
from tests.chaos.disturbance import running_stack
from tests.crawling import result_of, signed_in, start_crawl, wait_for, wait_for_end


def test_a_dying_image_web_fails_the_job_and_returns_the_credits() -> None:
    catalogue = load()
    with running_stack(CRAWL_TIMEOUT_SECONDS="1") as stack, signed_in(stack) as api:
        before = api.get("credits/balance")["balance"]
        job_id = start_crawl(api, catalogue.keywords[:12], 450)
        wait_for(
            lambda: api.get(f"jobs/{job_id}/progress"),
            lambda progress: progress["valid_images"] > 0,
            seconds=60,
        )
        psutil.Process(stack.pid("imageweb")).suspend()
        progress = wait_for_end(api, job_id, seconds=120)
        assert progress["status"] == "failed"
        assert progress["failure_reason"]
        assert progress["chunks"]["failed"] > 0
        result = result_of(stack, job_id)
        assert result.charged == result.rows < 450
        balance = api.get("credits/balance")
        assert (balance["reserved"], balance["balance"]) == (0, before - result.rows)
