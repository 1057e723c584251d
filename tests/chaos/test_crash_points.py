"""The host dies between two things that belong together, again and again."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from scripts.crawl.api import ApiError
from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from shared.app.settings import Settings
from shared.jobs import finish
from shared.jobs import service as jobs
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from tests.chaos.disturbance import check, running_stack, victims
from tests.crawling import (
    best_files,
    blobs_of,
    left_now,
    result_of,
    signed_in,
    start_crawl,
    wait_for,
)
from tests.scale import FULL, sized

# Each life of the host gets so far. The chunk is settled and the engine does not know; an episode
# has run and nothing of it is kept; the notification is written and its message stays. More than
# eight are invoked, for so many are at once and a life that ends before one has ended is none.
POINTS = ("activity.done:6", "episode.commit:9", "queue.done:1")
REPAIRED_SECONDS = 60
KEYWORDS = sized(2, 4)
ALONE = (
    *POINTS, "activity.invoke:12", "activity.stored:6", "episode.invoke:9", "episode.committed:9",
    "rpc.started:1", "worker@activity.invoke:4",
)  # fmt: skip
DEAD_INSTANCE = "worker@episode.invoke:7"  # the host fails it, the reconciler starts it anew


@pytest.mark.parametrize(
    "points", [POINTS, (DEAD_INSTANCE,), *((point,) for point in ALONE if FULL)], ids=str
)
def test_a_crawl_survives_a_host_that_always_dies_there(points: tuple[str, ...]) -> None:
    catalogue = load()
    keywords = catalogue.keywords[:KEYWORDS]
    options = [option for point in points for option in ("--kill", point)]
    with running_stack(*options) as stack, signed_in(stack) as api:
        job_id = start_crawl(api, keywords, 500, start=False)
        with suppress(ApiError):  # the host may die before it answers
            api.post(f"jobs/{job_id}/start")
        _check_end(stack, job_id, best_files(catalogue, keywords))


@dataclass(frozen=True)
class Deaths:
    """Two processes that died after their commit, before they sent what the outbox holds."""

    stack: LocalStack
    moment: float
    started: int
    ended: int

    def left(self) -> float:
        """In how many seconds what they left undone must have been made up for."""
        return self.moment + REPAIRED_SECONDS - time.monotonic()


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with running_stack() as running:
        yield running


@pytest.fixture(scope="module")
def deaths(stack: LocalStack) -> Deaths:
    with signed_in(stack) as api:
        owner = Principal(UUID(api.get("auth/me")["id"]))
        started, ended = (start_crawl(api, ("cat",), 500, start=False) for _ in range(2))
    settings = _settings(stack)

    async def die_twice() -> None:
        database = Database(settings)
        for job_id in (started, ended):
            async with database.transaction() as transaction:
                await jobs.start_job(transaction, owner, job_id)
        async with database.transaction() as transaction:
            await finish.finish_job(transaction, ended, 1)
        await database.close()

    asyncio.run(die_twice())
    return Deaths(stack, time.monotonic(), started, ended)


def test_a_start_whose_process_died_after_its_commit_is_made_up_for(deaths: Deaths) -> None:
    """The outbox row is all there is: the reconciler finds it within a minute."""
    api_url = deaths.stack.info.api_url
    url = f"{api_url}/runtime/webhooks/durabletask/instances/job-{deaths.started}-1"
    wait_for(lambda: httpx.get(url).status_code, lambda s: s in (200, 202), seconds=deaths.left())
    _check_end(deaths.stack, deaths.started, best_files(load(), ("cat",)))


def test_an_end_whose_process_died_after_its_commit_is_told_once(deaths: Deaths) -> None:
    """The credits are settled, the notification is promised and not sent."""
    wait_for(
        lambda: left_now(deaths.stack, deaths.ended).notifications, bool, seconds=deaths.left()
    )
    _check_end(deaths.stack, deaths.ended, set())


def test_images_whose_worker_died_before_it_settled_them(stack: LocalStack) -> None:
    """Their blobs are stored, their rows are not: they are settled or gone within a minute."""
    catalogue = load()
    keywords = catalogue.keywords[:KEYWORDS]

    def kill_before_settling() -> bool:
        if blobs_of(stack, job_id):
            for worker in victims(stack)[1:]:
                worker.kill()
        return bool(left_now(stack, job_id).orphans)

    with signed_in(stack) as api:
        job_id = start_crawl(api, keywords, 500)
        wait_for(kill_before_settling, bool)
    _check_end(stack, job_id, best_files(catalogue, keywords), seconds=REPAIRED_SECONDS)


def _check_end(
    stack: LocalStack, job_id: int, images: set[tuple[str, str]], *, seconds: float = 240
) -> None:
    """Looks at the database: the API is down now and then."""
    wait_for(lambda: result_of(stack, job_id).notifications, bool, seconds=seconds)
    check(result := result_of(stack, job_id))
    assert result.status == "completed"
    assert result.images == images


def _settings(stack: LocalStack) -> Settings:
    return Settings.model_validate(
        {
            "database_url": stack.info.database_url,
            "supabase_url": stack.info.supabase_url,
            "supabase_anon_key": stack.info.supabase_anon_key,
            "supabase_service_role_key": stack.info.supabase_service_role_key,
            "azure_storage_connection_string": stack.info.storage_connection_string,
            "api_key_pepper": "pepper",
        }
    )
