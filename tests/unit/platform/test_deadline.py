"""A time limit holds whatever the work under it does."""

import asyncio
import time
from contextlib import suppress

import pytest

from shared.platform.deadline import within


async def test_the_result_comes_through() -> None:
    async def work() -> int:
        return 3

    assert await within(1, work()) == 3


async def test_so_does_an_error() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await within(1, work())


async def test_work_that_will_not_be_cancelled_is_left_alone() -> None:
    """asyncio.timeout would wait for it."""
    ended = asyncio.Event()

    async def stubborn() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(0.5)
        ended.set()
        raise ValueError("whom nobody hears")

    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"not within 0\.05 s"):
        await within(0.05, stubborn())
    assert time.monotonic() - began < 0.4
    await asyncio.wait_for(ended.wait(), 10)


async def test_whoever_stops_waiting_ends_the_work() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await within(60, work())
    await asyncio.wait_for(ended.wait(), 10)
