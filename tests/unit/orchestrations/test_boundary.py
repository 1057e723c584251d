"""What an activity answers, and what of it is logged."""

from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger

from orchestrations.boundary import step
from shared.platform.errors import Unavailable


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """Level, message and fields of the lines written."""
    written: list[dict[str, Any]] = []
    sink = logger.add(
        lambda line: written.append(
            {"level": line.record["level"].name, "message": line.record["message"]}
            | {name: line.record["extra"].get(name) for name in ("job_id", "retry", "error")}
        )
    )
    yield written
    logger.remove(sink)


async def ask(order: dict[str, Any], error: Exception | None = None) -> dict[str, Any]:
    async def crawl_work(order: dict[str, Any]) -> int:
        if error:
            raise error
        return 7

    return await step(crawl_work)(order)


async def test_a_result_is_wrapped(lines: list[dict[str, Any]]) -> None:
    assert await ask({"job_id": 1}) == {"result": 7}
    assert lines == []


async def test_an_unreachable_part_is_an_answer(lines: list[dict[str, Any]]) -> None:
    unreachable = Unavailable("The database is not reachable.")
    assert await ask({"job_id": 1}, unreachable) == {"unreachable": str(unreachable)}
    assert lines == [
        {
            "level": "WARNING",
            "message": "crawl_work met an unreachable part",
            "job_id": "1",
            "retry": None,
            "error": str(unreachable),
        }
    ]


async def test_a_mistake_is_an_answer_too(lines: list[dict[str, Any]]) -> None:
    assert await ask({"job_id": 1}, ValueError("no")) == {"failed": "ValueError"}
    assert [(line["level"], line["message"]) for line in lines] == [("ERROR", "crawl_work failed")]


@pytest.mark.parametrize("retry", [1, 3])
async def test_each_retry_is_logged_once(lines: list[dict[str, Any]], retry: int) -> None:
    assert await ask({"job_id": 1, "retry": retry}) == {"result": 7}
    assert [(line["message"], line["retry"]) for line in lines] == [
        ("crawl_work is tried again", retry)
    ]
