"""Replays at a pace that lets thousands of them be tried."""

import sys
from collections.abc import Iterator
from functools import cache

import pytest
from azure.durable_functions.models.history import HistoryEvent


@pytest.fixture(scope="session", autouse=True)
def times_are_read_once() -> Iterator[None]:
    """With every answer the SDK reads the times of the whole history: most of a replay's time."""
    sdk = sys.modules[HistoryEvent.__module__]  # hidden by its class of the same name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sdk, "dt_parse", cache(sdk.dt_parse))
        yield
