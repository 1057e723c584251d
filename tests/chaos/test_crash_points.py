"""The host dies between two things that belong together, again and again."""

import asyncio
from uuid import UUID

import pytest

from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from shared.jobs import service as jobs
from shared.platform.db import Database
from shared.platform.principal import Principal
from shared.platform.settings import Settings
from tests.chaos.disturbance import check, running_stack
from tests.crawling import (
    best_files,
    result_of,
    signed_in,
    start_crawl,
    wait_for,
)
from tests.scale import FULL

# Each life of the host gets so far. The chunk is settled and the engine does not know; an episode
# has run and nothing of it is kept; the notification is written and its message stays.
POINTS = ("activity.done:6", "episode.commit:9", "queue.done:1")
ALONE = (
    *POINTS, "activity.invoke:6", "activity.stored:6", "episode.invoke:9", "episode.committed:9",
    "rpc.started:1", "worker@activity.invoke:4", "worker@episode.invoke:7",
)  # fmt: skip


@pytest.mark.parametrize("points", [POINTS, *((point,) for point in ALONE if FULL)], ids=str)
def test_a_crawl_survives_a_host_that_always_dies_there(points: tuple[str, ...]) -> None:
    catalogue = load()
    keywords = catalogue.keywords[:4]
    options = [option for point in points for option in ("--kill", point)]
    with running_stack(*options) as stack, signed_in(stack) as api:
        job_id = start_crawl(api, keywords, 500)
        _check_end(stack, job_id, best_files(catalogue, keywords))


def test_a_start_whose_process_died_after_its_commit_is_made_up_for() -> None:
    """The outbox row is all there is: the reconciler finds it within a minute."""
    catalogue = load()
    with running_stack() as stack, signed_in(stack) as api:
        job_id = start_crawl(api, ("cat",), 500, start=False)
        asyncio.run(_start_and_die(stack, UUID(api.get("auth/me")["id"]), job_id))
        assert api.get(f"jobs/{job_id}")["status"] == "running"
        _check_end(stack, job_id, best_files(catalogue, ("cat",)))


def _check_end(stack: LocalStack, job_id: int, images: set[tuple[str, str]]) -> None:
    """Looks at the database: the API is down now and then."""
    wait_for(lambda: result_of(stack, job_id).notifications, bool, seconds=240)
    check(result := result_of(stack, job_id))
    assert result.status == "completed"
    assert result.images == images


async def _start_and_die(stack: LocalStack, owner: UUID, job_id: int) -> None:
    """A start that commits, by a process that lives no longer than that."""
    settings = Settings.model_validate(
        {
            "database_url": stack.info.database_url,
            "supabase_url": stack.info.supabase_url,
            "supabase_anon_key": stack.info.supabase_anon_key,
            "supabase_service_role_key": stack.info.supabase_service_role_key,
            "azure_storage_connection_string": stack.info.storage_connection_string,
            "api_key_pepper": "pepper",
        }
    )
    database = Database(settings)
    async with database.transaction() as transaction:
        await jobs.start_job(transaction, Principal(owner), settings, job_id)
    await database.close()
