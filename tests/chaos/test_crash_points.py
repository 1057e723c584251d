"""The host dies between two things that belong together, again and again."""

import psycopg
import pytest

from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from tests.chaos.disturbance import check, running_stack
from tests.crawling import (
    best_files,
    result_of,
    signed_in,
    start_crawl,
    wait_for,
    wait_for_end,
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
        wait_for_end(api, job_id, seconds=240)
        wait_for(lambda: result_of(stack, job_id).notifications, bool, seconds=60)
        result = result_of(stack, job_id)
        check(result)
        assert result.images == best_files(catalogue, keywords)


def test_a_start_whose_process_died_after_its_commit_is_made_up_for() -> None:
    """The outbox row is all there is: the reconciler finds it within a minute."""
    catalogue = load()
    with running_stack() as stack, signed_in(stack) as api:
        job_id = start_crawl(api, ("cat",), 500, start=False)
        stack.kill("host")
        _promise_start(stack, job_id)
        wait_for_end(api, job_id, seconds=120)
        check(result := result_of(stack, job_id))
        assert result.images == best_files(catalogue, ("cat",))


def _promise_start(stack: LocalStack, job_id: int) -> None:
    """What a start commits before it tells the engine."""
    with psycopg.connect(stack.info.database_url) as connection:
        connection.execute(
            """
            WITH started AS (
              UPDATE crawl_jobs SET status = 'running', attempt = 1, started_at = now()
              WHERE id = %(id)s RETURNING project_id, max_images
            )
            INSERT INTO credit_holds (account_id, user_id, job_id, attempt, amount)
            SELECT a.id, p.user_id, %(id)s, 1, max_images
            FROM started JOIN projects AS p ON p.id = project_id
              JOIN credit_accounts AS a USING (user_id)
            """,
            {"id": job_id},
        )
        connection.execute(
            """
            INSERT INTO outbox (kind, key, payload) VALUES ('start_orchestration', %(key)s,
              jsonb_build_object('name', 'crawl', 'instance_id', %(name)s::text,
                'input', jsonb_build_object('job_id', %(id)s::int, 'attempt', 1)))
            """,
            {"id": job_id, "key": f"start:job-{job_id}-1", "name": f"job-{job_id}-1"},
        )
