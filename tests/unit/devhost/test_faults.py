"""Faults on purpose."""

import os

import pytest

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.faults import Faults, KillPoint


def test_kill_points_are_parsed() -> None:
    assert KillPoint.parse("episode.commit") == KillPoint("episode.commit", 1)
    assert KillPoint.parse("worker@http.invoke:3") == KillPoint("worker@http.invoke", 3)


@pytest.mark.parametrize("text", ["", "nowhere", "worker@episode.commit", "rpc.start:x"])
def test_unknown_kill_points_are_refused(text: str) -> None:
    with pytest.raises(HostError, match="--kill"):
        KillPoint.parse(text)


def test_only_the_asked_pass_of_the_asked_point_kills() -> None:
    child = os.fork()
    if child == 0:
        faults = Faults(kills=(KillPoint("rpc.start", 2),))
        faults.reach("rpc.started")
        faults.reach("rpc.start")
        faults.reach("rpc.start")
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == 9


def test_order_is_a_seeded_shuffle() -> None:
    items = list(range(20))
    assert Faults().order(items) == items
    first, second = (Faults(reorder_seed=7).order(items) for _ in range(2))
    assert first == second != items
    assert sorted(first) == items
