"""Every activity and every message delivered twice, and in another order."""

import pytest

from scripts.devhost.imageweb.catalogue import load
from tests.chaos.disturbance import check, crawl, running_stack
from tests.scale import sized


@pytest.mark.parametrize("seed", range(7, 7 + sized(1, 5)))
def test_delivering_everything_twice_changes_nothing(seed: int) -> None:
    with running_stack("--deliver-twice", "--reorder", str(seed)) as stack:
        check(crawl(stack, load()))
