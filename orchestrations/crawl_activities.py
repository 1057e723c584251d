"""The steps of a crawl. Each may run twice and at any time; payloads are ids, never data."""

from typing import NotRequired, TypedDict

import azure.durable_functions as df

from orchestrations import names
from orchestrations.boundary import step
from shared.platform import bootstrap

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
    from shared.jobs import finish

    async with bootstrap.services().database.transaction() as transaction:
        return await finish.begin_job(transaction, order["job_id"], order["attempt"])


@bp.activity_trigger(input_name="order", activity=names.ADVANCE)
@step
async def crawl_advance(order: JobOrder) -> dict[str, object]:
    """Whether the crawl is over, else which pages to fetch and which chunks to process."""
    from shared.crawl.advance import advance
    from shared.crawl.plan import Limits

    app = bootstrap.services()
    limits = Limits(
        app.settings.resource.max_concurrent_chunks, app.settings.resource.chunk_size_images
    )
    async with app.database.transaction() as transaction:
        return await advance(transaction, order["job_id"], order["attempt"], limits)


@bp.activity_trigger(input_name="search", activity=names.DISCOVER)
@step
async def crawl_discover(search: StepOrder) -> dict[str, object]:
    """Fetches a search's next page into the database."""
    from shared.crawl.discover import discover
    from shared.sources.registry import open_source

    app = bootstrap.services()
    return await discover(
        app.database,
        lambda engine: open_source(engine, app.settings, app.http, app.database),
        search["id"],
    )


@bp.activity_trigger(input_name="chunk", activity=names.PROCESS_CHUNK)
@step
async def crawl_process_chunk(chunk: StepOrder) -> dict[str, object]:
    """Downloads, judges, stores and settles a chunk."""
    from shared.crawl.process import ChunkProcessor

    app = bootstrap.services()
    processor = ChunkProcessor(
        app.database,
        app.blobs,
        app.crawler_http,
        deadline_seconds=app.settings.celery_task_time_limit,
    )
    return await processor.process(chunk["id"])


@bp.activity_trigger(input_name="order", activity=names.FINISH)
@step
async def crawl_finish(order: JobOrder) -> str:
    """Ends the job, unless it has ended, and sweeps what crashes left in blob storage."""
    from shared.images import service as images
    from shared.jobs import finish

    app = bootstrap.services()
    async with app.database.transaction() as transaction:
        status = await finish.finish_job(
            transaction, order["job_id"], order["attempt"], failure=order.get("failure")
        )
    await app.outbox.send(transaction.outbox)
    if status != "running":
        await images.sweep_blobs(app.database, app.blobs, order["job_id"])
    return status
