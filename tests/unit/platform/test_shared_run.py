"""Work that many ask for at once is done once."""

import asyncio
import gc

import pytest

from shared.platform.shared_run import SharedRun


class Work:
    """Counts its runs; each ends when it is let."""

    def __init__(self) -> None:
        self.runs = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.runs += 1
        await self.may_end.wait()
        return self.runs


async def test_who_asks_meanwhile_gets_the_same_and_who_asks_later_a_new_one() -> None:
    work, shared = Work(), SharedRun[int]()
    asked = [asyncio.create_task(shared.result(work)) for _ in range(100)]
    await asyncio.sleep(0)
    work.may_end.set()
    assert await asyncio.gather(*asked) == [1] * 100
    assert await shared.result(work) == 2


async def test_who_asked_first_may_give_up() -> None:
    work, shared = Work(), SharedRun[int]()
    first, second = (asyncio.create_task(shared.result(work)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    work.may_end.set()
    assert await second == 1


async def test_a_failure_is_everybodys_and_the_next_run_is_new() -> None:
    shared = SharedRun[int]()
    runs = []

    async def fail() -> int:
        runs.append("failed")
        await asyncio.sleep(0)
        raise ArithmeticError

    failed = await asyncio.gather(*(shared.result(fail) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in failed] == [ArithmeticError] * 3
    assert runs == ["failed"]
    with pytest.raises(ArithmeticError):
        await shared.result(fail)
    assert len(runs) == 2


async def test_a_failure_that_nobody_waits_for_disturbs_nobody() -> None:
    shared = SharedRun[int]()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise ArithmeticError

    asked = asyncio.create_task(shared.result(fail))
    await asyncio.sleep(0)
    asked.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    gc.collect()  # asyncio complains of a failure that nobody saw when it is thrown away
