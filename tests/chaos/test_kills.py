"""Many times kill -9 for the host or one of its workers in the middle of a crawl."""

import random
import time
from contextlib import suppress
from functools import partial

import psutil
import psycopg
import pytest

from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from tests.chaos.disturbance import check, crawl, running_stack, victims
from tests.crawling import wait_for
from tests.scale import FULL, sized

KILLS = sized(5, 20)


def kill_at_random_moments(stack: LocalStack, seed: int, *, host_alone: bool) -> None:
    """SIGKILL for the host or one of its workers, each time in the middle of the work."""
    chance = random.Random(seed)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.2, 1.0))
        wait_for(lambda: victims(stack), bool)
        with suppress(psutil.NoSuchProcess):
            chance.choice(victims(stack)[: 1 if host_alone else None]).kill()
        with psycopg.connect(stack.info.database_url) as connection:
            running = connection.execute(
                "SELECT FROM crawl_jobs WHERE status = 'running'"
            ).fetchone()
        assert running is not None, "the crawl was over before the last kill"


@pytest.mark.parametrize("host_alone", [False, True] if FULL else [False])
@pytest.mark.parametrize("seed", range(20, 20 + sized(1, 10)))
def test_kills_change_nothing(seed: int, host_alone: bool) -> None:
    with running_stack() as stack:
        check(
            crawl(
                stack,
                load(),
                disturb=partial(kill_at_random_moments, seed=seed, host_alone=host_alone),
            )
        )
