"""Every activity and every message delivered twice, and in another order."""

import pytest

from scripts.devhost.imageweb.catalogue import load
from tests.chaos.disturbance import check, crawl, running_stack
from tests.crawling import Result
from tests.scale import sized


@pytest.fixture(scope="module")
def once() -> Result:
    """What is left behind when everything is delivered once."""
    with running_stack() as stack:
        return crawl(stack, load())


@pytest.mark.parametrize("seed", range(7, 7 + sized(1, 5)))
def test_delivering_everything_twice_changes_nothing(once: Result, seed: int) -> None:
    with running_stack("--deliver-twice", "--reorder", str(seed)) as stack:
        result = crawl(stack, load())
    check(result)
    assert sorted(result.written ^ once.written) == []
    assert result == once
