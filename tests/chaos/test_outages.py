"""Crawls whose database and storage go away and come back: steps fail in the midst of others."""

import os
import random
import signal
import time
from collections.abc import Iterator
from functools import partial

import httpx
import pytest

from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from tests.chaos.disturbance import check, crawl, running_stack
from tests.scale import sized

OUTAGES = sized(2, 4)
# A minute between the tries of a step becomes two seconds.
TIMER_SPEED = "30"


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with running_stack("--timer-speed", TIMER_SPEED) as running:
        yield running


def outages(stack: LocalStack, seed: int) -> None:
    """Database or storage dies and is started again, or does not answer for a while."""
    chance = random.Random(seed)
    for _ in range(OUTAGES):
        time.sleep(chance.uniform(0.2, 1.5))
        part = chance.choice(("postgres", "azurite"))
        if chance.random() < 0.5:
            stack.wait_for_successor(part, stack.kill(part))
            continue
        os.kill(stack.pid(part), signal.SIGSTOP)
        time.sleep(chance.uniform(0.5, 3))
        os.kill(stack.pid(part), signal.SIGCONT)


@pytest.mark.parametrize("seed", range(sized(1, 40)))
def test_no_instance_fails_and_none_waits_for_the_reconciler(stack: LocalStack, seed: int) -> None:
    log = stack.log("host")
    before = log.stat().st_size
    check(crawl(stack, load(), disturb=partial(outages, seed=seed)))
    said = log.read_bytes()[before:].decode(errors="replace")
    assert "orchestration restarted" not in said
    assert "Non-Deterministic" not in said
    failed = httpx.get(
        f"{stack.info.api_url}/runtime/webhooks/durabletask/instances",
        params={"runtimeStatus": "Failed"},
    )
    assert failed.json() == []
