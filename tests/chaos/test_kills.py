"""Twenty times kill -9 for the host or one of its workers in the middle of a crawl."""

import random
import time
from contextlib import suppress

import psutil
import psycopg
import pytest

from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from scripts.devhost.stack.errors import StackError
from tests.chaos.disturbance import check, crawl, running_stack
from tests.crawling import wait_for
from tests.scale import sized

KILLS = 20


def kill_at_random_moments(stack: LocalStack, seed: int) -> None:
    """SIGKILL for the host or one of its workers, each time in the middle of the work."""
    chance = random.Random(seed)
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


@pytest.mark.parametrize("seed", range(20, 20 + sized(1, 10)))
def test_kills_change_nothing(seed: int) -> None:
    with running_stack() as stack:
        check(crawl(stack, load(), disturb=lambda stack: kill_at_random_moments(stack, seed)))
