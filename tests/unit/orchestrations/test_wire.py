"""What activities answer, as histories keep it."""

import json

import pytest

from orchestrations import wire
from shared.crawl.steps import ChunkResult, NextSteps, PageResult

# What histories hold: an instance that is running must find in them what it found before.
STORED = [
    (
        NextSteps(done=False, searches=[3], chunks=[7, 8], wait=1.5),
        {"done": False, "searches": [3], "chunks": [7, 8], "wait": 1.5},
    ),
    (PageResult(found=20), {"found": 20}),
    (ChunkResult("failed", 3), {"status": "failed", "stored": 3}),
]


@pytest.mark.parametrize(("result", "stored"), STORED)
def test_a_result_is_read_as_it_was_written(
    result: NextSteps | PageResult | ChunkResult, stored: dict[str, object]
) -> None:
    assert wire.write(result) == stored
    assert wire.read(type(result), json.loads(json.dumps(stored))) == result


@pytest.mark.parametrize("plain", [True, "completed", None, {"found": 1}])
def test_what_json_knows_stays_as_it_is(plain: object) -> None:
    assert wire.write(plain) is plain


def test_the_end_of_a_crawl_is_read_as_the_build_before_wrote_it() -> None:
    assert wire.read(NextSteps, {"done": True}) == NextSteps(done=True)


def test_what_a_later_build_adds_is_left_out() -> None:
    assert wire.read(PageResult, {"found": 1, "spam": 2}) == PageResult(found=1)
