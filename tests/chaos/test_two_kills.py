"""Two deaths in each crawl, at production's settings: it ends right, and not much later."""

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import psutil
import pytest

from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from tests.chaos.disturbance import check, crawl, running_stack, victims
from tests.crawling import wait_for
from tests.scale import sized

ALLOWED_SECONDS = 90  # more than an undisturbed crawl


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with running_stack(lease=None) as running:
        yield running


@pytest.fixture(scope="module")
def undisturbed(stack: LocalStack) -> float:
    """Seconds of a crawl that nobody disturbs."""
    began = time.monotonic()
    check(crawl(stack, load()))
    return time.monotonic() - began


def two_kills(stack: LocalStack, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(2):
        time.sleep(chance.uniform(0.2, 4))
        wait_for(lambda: victims(stack), bool)
        with suppress(psutil.NoSuchProcess):
            chance.choice(victims(stack)).kill()


@pytest.mark.parametrize("seed", range(sized(1, 40)))
def test_two_kills_cost_no_more_than_a_minute_and_a_half(
    stack: LocalStack, undisturbed: float, seed: int
) -> None:
    began = time.monotonic()
    check(crawl(stack, load(), disturb=partial(two_kills, seed=seed)))
    assert time.monotonic() - began < undisturbed + ALLOWED_SECONDS
