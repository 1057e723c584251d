"""The steps of a crawl. Each may run twice and at any time; payloads are ids, never data."""

from typing import NotRequired, TypedDict

import azure.durable_functions as df

from orchestrations.boundary import step
from orchestrations.crawl import names
from shared.app import services
from shared.crawl import service as crawl
from shared.crawl.steps import ChunkResult, NextSteps, PageResult
from shared.images import service as images
from shared.jobs import finish, run
from shared.runs import service as runs
from shared.sources import registry

bp = df.Blueprint()


# A TypedDict, for Azure's worker takes no `dict[str, int]` here: it wants classes.
class JobOrder(TypedDict):
    """Which attempt of which job, `begun` by a generation before; `failure` is why it ends."""

    job_id: int
    attempt: int
    begun: NotRequired[bool]
    failure: NotRequired[str]
    retry: NotRequired[int]
    traceparent: NotRequired[str]


class StepOrder(TypedDict):
    """The search or chunk to work on, of which job, at which retry."""

    id: int
    job_id: int
    retry: NotRequired[int]
    traceparent: NotRequired[str]


@bp.activity_trigger(input_name="order", activity=names.BEGIN)
@step
async def crawl_begin(order: JobOrder) -> bool:
    """Prepares the searches; whether the job is wanted."""
    async with services().database.transaction() as transaction:
        return await finish.begin_job(transaction, order["job_id"], order["attempt"])


@bp.activity_trigger(input_name="order", activity=names.ADVANCE)
@step
async def crawl_advance(order: JobOrder) -> NextSteps:
    """Whether the crawl is over, else which pages to fetch and which chunks to process."""
    app = services()
    limits = crawl.CrawlLimits(
        chunks=app.settings.resource_max_concurrent_chunks,
        chunk_size=app.settings.resource_chunk_size_images,
        all_chunks=app.settings.resource_max_chunks_in_flight,
    )
    async with app.database.transaction() as transaction:
        return await crawl.advance(transaction, order["job_id"], order["attempt"], limits)


@bp.activity_trigger(input_name="search", activity=names.DISCOVER)
@step
async def crawl_discover(search: StepOrder) -> PageResult:
    """Fetches a search's next page into the database."""
    app = services()
    found = await crawl.discover(
        app.database,
        lambda engine: registry.open_source(engine, app.settings, app.http, app.database),
        search["id"],
    )
    await _come_forward(search)
    return found


@bp.activity_trigger(input_name="chunk", activity=names.PROCESS_CHUNK)
@step
async def crawl_process_chunk(chunk: StepOrder) -> ChunkResult:
    """Downloads, judges, stores and settles a chunk."""
    app = services()
    done = await crawl.process_chunk(
        app.database,
        app.blobs,
        app.crawler_http,
        app.judges,
        deadline_seconds=app.settings.celery_task_time_limit,
        chunk_id=chunk["id"],
    )
    await _come_forward(chunk)
    return done


@bp.activity_trigger(input_name="order", activity=names.FINISH)
@step
async def crawl_finish(order: JobOrder) -> str:
    """Ends the job, unless it has ended, and sweeps what crashes left in blob storage."""
    app = services()
    async with app.database.transaction() as transaction:
        status = await finish.finish_job(
            transaction, order["job_id"], order["attempt"], failure=order.get("failure")
        )
    if status != "running":
        await images.sweep_blobs(app.database, app.blobs, order["job_id"])
    return status


async def _come_forward(order: StepOrder) -> None:
    async with services().database.transaction() as transaction:
        await runs.hear(transaction, run.CRAWL, order["job_id"])
