"""Exports whose host and workers are killed, or that are delivered twice: the same bytes."""

import random
import time
from contextlib import suppress
from typing import Any

import psutil
import pytest

from scripts.crawl.api import Api, ApiError
from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from tests.chaos.disturbance import KEYWORDS, running_stack, victims
from tests.crawling import signed_in, start_crawl, wait_for, wait_for_end
from tests.scale import FULL, sized

KILLS = sized(4, 20)
SPLIT = {"train": 60, "val": 20, "test": 20}
FORMATS: list[dict[str, Any]] = [
    {"format": "imagefolder", "archive": "tar.zst"},
    {"format": "webdataset"},
    {"format": "parquet"},
    {"format": "imagefolder"},
]


def tried(api: Api, *call: Any) -> Any:
    """What the API says once it answers."""

    def ask() -> Any:
        with suppress(ApiError):
            return getattr(api, call[0])(*call[1:]) or True
        return None

    return wait_for(ask, bool, seconds=60)


def order(api: Api, job_id: int, wanted: dict[str, Any]) -> int:
    body = {**wanted, "split": SPLIT}
    return int(tried(api, "post", f"jobs/{job_id}/exports", body)["id"])


def files(api: Api, export_id: int) -> list[dict[str, Any]]:
    """The files of the export when it is built."""
    ended = end(api, export_id)
    assert ended["status"] == "completed", ended["failure_reason"]
    return list(ended["files"])


def end(api: Api, export_id: int) -> dict[str, Any]:
    """The export when it has ended."""
    ended: dict[str, Any] = wait_for(
        lambda: tried(api, "get", f"exports/{export_id}"),
        lambda export: export["status"] != "running",
        seconds=180,
    )
    return ended


def crawled(api: Api) -> int:
    """A job that has stored pictures of some keywords."""
    job_id = start_crawl(api, load().keywords[:KEYWORDS], 1000)
    assert wait_for_end(api, job_id, seconds=240)["status"] == "completed"
    return job_id


def kill_while_it_is_built(
    stack: LocalStack, api: Api, job_id: int, wanted: dict[str, Any], seed: int
) -> list[list[dict[str, Any]]]:
    """SIGKILL at random moments of the building; the files of all exports that came of it.

    Where the machine is slow, one part may lose its worker four times. Then the export fails, and
    is built when it is asked for again.
    """
    chance, built, killed = random.Random(seed), [], 0
    export_id = order(api, job_id, wanted)
    while killed < KILLS:
        time.sleep(chance.uniform(0, 0.8))
        export = tried(api, "get", f"exports/{export_id}")
        if export["status"] == "completed":
            built.append(list(export["files"]))
            tried(api, "delete", f"exports/{export_id}")
        if export["status"] != "running":
            check_failure(export)
            export_id = order(api, job_id, wanted)
            continue
        with suppress(psutil.NoSuchProcess):
            chance.choice(wait_for(lambda: victims(stack), bool)).kill()
            killed += 1
    if (export := end(api, export_id))["status"] == "failed":
        check_failure(export)
        order(api, job_id, wanted)
    return [*built, files(api, export_id)]


def check_failure(export: dict[str, Any]) -> None:
    """Nothing else than the kills may end an export."""
    reason = export["failure_reason"] or ""
    assert export["status"] == "completed" or "failed 4 times" in reason, reason


@pytest.mark.parametrize("wanted", FORMATS if FULL else FORMATS[:1])
def test_kills_change_no_byte(wanted: dict[str, Any]) -> None:
    with running_stack() as stack, signed_in(stack) as api:
        job_id = crawled(api)
        export_id = order(api, job_id, wanted)
        undisturbed = files(api, export_id)
        tried(api, "delete", f"exports/{export_id}")
        for disturbed in kill_while_it_is_built(stack, api, job_id, wanted, seed=5):
            assert disturbed == undisturbed


@pytest.mark.parametrize("seed", range(7, 7 + sized(1, 5)))
def test_delivering_everything_twice_changes_no_byte(seed: int) -> None:
    """Of the same dataset the same files: those that one stack has made, whatever its host did."""
    with running_stack("--deliver-twice", "--reorder", str(seed)) as stack, signed_in(stack) as api:
        job_id = crawled(api)
        for wanted in FORMATS if FULL else FORMATS[:1]:
            first = order(api, job_id, wanted)
            made = files(api, first)
            tried(api, "delete", f"exports/{first}")
            assert files(api, order(api, job_id, wanted)) == made
