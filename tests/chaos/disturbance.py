"""A crawl that is disturbed, and what it must come to all the same."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from scripts.devhost.errors import StackError
from scripts.devhost.imageweb.catalogue import Catalogue
from scripts.devhost.stack import LocalStack
from tests.crawling import (
    Result,
    best_files,
    result_of,
    signed_in,
    start_crawl,
    wait_for,
    wait_for_end,
)
from tests.scale import sized

KEYWORDS = sized(6, 13)  # 36 pictures each, and their duplicates


@contextmanager
def running_stack(
    *host_options: str, lease: str | None = "1", **environment: str
) -> Iterator[LocalStack]:
    """A stack on which what a killed host held comes back after ``lease`` seconds.

    None means host.json's minute, which would be the length of most tests.
    """
    held = () if lease is None else ("--lease", lease)
    with tempfile.TemporaryDirectory(prefix="pixcrawler-chaos-") as directory:
        Path(directory).chmod(0o755)
        options = LocalStack(
            Path(directory),
            host_options=("--strict-sizes", *held, *host_options),
            environment=environment,
        )
        with options as stack:
            yield stack


def victims(stack: LocalStack) -> list[psutil.Process]:
    """The host and its workers, whatever of them lives."""
    with suppress(psutil.NoSuchProcess, StackError):
        host = psutil.Process(stack.pid("host"))
        return [host, *host.children(recursive=True)]
    return []


def crawl(
    stack: LocalStack, catalogue: Catalogue, *, disturb: Callable[[LocalStack], None] | None = None
) -> Result:
    keywords = catalogue.keywords[:KEYWORDS]
    with signed_in(stack) as api:
        job_id = start_crawl(api, keywords, 1000)
        if disturb:
            disturb(stack)
        assert wait_for_end(api, job_id, seconds=240)["status"] == "completed"
        wait_for(lambda: result_of(stack, job_id).notifications, lambda count: count > 0)
        result = result_of(stack, job_id)
    assert result.images == best_files(catalogue, keywords)
    return result


def check(result: Result) -> None:
    assert (result.orphans, result.lost_blobs) == (frozenset(), frozenset())
    assert result.rows == len(result.images)
    assert result.charged == result.rows
    assert (result.notifications, result.unsettled_holds) == (1, 0)
