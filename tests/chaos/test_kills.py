"""A crawl under fire: killed hosts and workers, everything delivered twice, a dead image web."""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from scripts.devhost.imageweb.catalogue import Catalogue, load
from scripts.devhost.stack import LocalStack
from scripts.devhost.stack.errors import StackError
from tests.crawling import (
    Result,
    best_files,
    result_of,
    signed_in,
    start_crawl,
    wait_for,
    wait_for_end,
)

KILLS = 20
KEYWORDS = 13  # about 500 pictures


@contextmanager
def running_stack(*host_options: str, **environment: str) -> Iterator[LocalStack]:
    with tempfile.TemporaryDirectory(prefix="pixcrawler-chaos-") as directory:
        Path(directory).chmod(0o755)
        options = LocalStack(Path(directory), host_options=host_options, environment=environment)
        with options as stack:
            yield stack


def crawl(
    stack: LocalStack, catalogue: Catalogue, *, disturb: Callable[[LocalStack], None] | None = None
) -> Result:
    keywords = catalogue.keywords[:KEYWORDS]
    with signed_in(stack) as api:
        job_id = start_crawl(api, keywords, 1000)
        if disturb:
            disturb(stack)
        assert wait_for_end(api, job_id, seconds=240)["status"] == "completed"
        wait_for(lambda: result_of(stack, job_id).notifications, lambda count: count > 0)
        result = result_of(stack, job_id)
    assert result.images == best_files(catalogue, keywords)
    return result


def check(result: Result) -> None:
    assert (result.orphans, result.lost_blobs) == (frozenset(), frozenset())
    assert result.rows == len(result.images)
    assert result.charged == result.rows
    assert (result.notifications, result.unsettled_holds) == (1, 0)


def kill_at_random_moments(stack: LocalStack) -> None:
    """SIGKILL for the host or one of its workers, each time in the middle of the work."""
    chance = random.Random(20)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.2, 1.0))
        wait_for(lambda: victims(stack), bool)
        with suppress(psutil.NoSuchProcess):
            chance.choice(victims(stack)).kill()
        with psycopg.connect(stack.info.database_url) as connection:
            running = connection.execute(
                "SELECT FROM crawl_jobs WHERE status = 'running'"
            ).fetchone()
        assert running is not None, "the crawl was over before the last kill"


def victims(stack: LocalStack) -> list[psutil.Process]:
    """The host and its workers, whatever of them lives."""
    with suppress(psutil.NoSuchProcess, StackError):
        host = psutil.Process(stack.pid("host"))
        return [host, *host.children(recursive=True)]
    return []


class TestChaos:
    def test_twenty_kills_change_nothing(self) -> None:
        with running_stack() as stack:
            check(crawl(stack, load(), disturb=kill_at_random_moments))

    def test_delivering_everything_twice_changes_nothing(self) -> None:
        with running_stack("--deliver-twice", "--reorder", "7") as stack:
            check(crawl(stack, load()))

    def test_a_dying_image_web_fails_the_job_and_returns_the_credits(self) -> None:
        catalogue = load()
        with running_stack(CRAWL_TIMEOUT_SECONDS="1") as stack, signed_in(stack) as api:
            before = api.get("credits/balance")["balance"]
            job_id = start_crawl(api, catalogue.keywords[:20], 800)
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
            assert result.charged == result.rows < 800
            balance = api.get("credits/balance")
            assert (balance["reserved"], balance["balance"]) == (0, before - result.rows)
