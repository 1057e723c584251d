"""Crawl jobs."""

import azure.durable_functions as df

from shared.app.http import Call, Reply, endpoint
from shared.credits.errors import InsufficientCredits, MonthlyLimitReached
from shared.datasets import service as datasets
from shared.jobs import estimate, remove, reports
from shared.jobs import service as jobs
from shared.jobs.errors import (
    JobNotEditable,
    JobNotRetryable,
    JobNotRunning,
    JobNotStartable,
    JobRunning,
    JobTooLarge,
    TooManyRunningJobs,
)
from shared.jobs.estimate_schemas import EstimateOut, EstimateRequest
from shared.jobs.schemas import (
    ChunkOut,
    EventOut,
    JobCreate,
    JobOut,
    JobQuery,
    JobUpdate,
    ProgressOut,
    StartOptions,
    StatsOut,
)
from shared.platform.errors import NotFound
from shared.platform.http.pagination import Page, PageQuery
from shared.uploads.errors import UploadNotReady

bp = df.Blueprint()

IN_FULL = StartOptions()
STARTING = (
    NotFound, JobTooLarge, InsufficientCredits, MonthlyLimitReached, TooManyRunningJobs,
)  # fmt: skip


@endpoint(
    bp,
    "POST",
    "api/v1/jobs",
    returns={201: JobOut},
    scope="jobs:write",
    raises=(*STARTING, UploadNotReady),
    idempotent=True,
)
async def create_job(call: Call, body: JobCreate) -> Reply:
    """Create a job, and start it when `start` is true."""
    job = await jobs.create_job(call.tx, call.principal, body, pin=datasets.pin_references)
    return Reply(job, {"Location": f"/api/v1/jobs/{job.id}"})


@endpoint(
    bp,
    "POST",
    "api/v1/jobs/estimate",
    returns={200: EstimateOut},
    # Not `jobs:read`: it spends the deployment's turns at the sources, and tells the balance, which
    # a start that is refused tells as well.
    scope="jobs:write",
    raises=(NotFound,),
    in_transaction=False,
    per_minute=6,
)
async def estimate_job(call: Call, body: EstimateRequest) -> EstimateOut:
    """What a job would find, cost and take, asked of its sources; nothing is made or spent."""
    app = call.services
    return await estimate.estimate_job(app.database, app.settings, app.http, call.principal, body)


@endpoint(bp, "GET", "api/v1/jobs", returns={200: Page[JobOut]}, scope="jobs:read")
async def list_jobs(call: Call, query: JobQuery) -> Page[JobOut]:
    """The caller's jobs, newest first."""
    return await jobs.list_jobs(call.tx, call.principal, query)


@endpoint(
    bp,
    "GET",
    "api/v1/jobs/{job_id:int}",
    returns={200: JobOut},
    scope="jobs:read",
    raises=(NotFound,),
    etag=True,
)
async def get_job(call: Call, job_id: int) -> JobOut:
    """One job."""
    return await jobs.get_job(call.tx, call.principal, job_id)


@endpoint(
    bp,
    "PATCH",
    "api/v1/jobs/{job_id:int}",
    returns={200: JobOut},
    scope="jobs:write",
    raises=(NotFound, JobNotEditable),
)
async def update_job(call: Call, job_id: int, body: JobUpdate) -> JobOut:
    """Change a job: its name at any time, the rest until it was started."""
    return await jobs.update_job(call.tx, call.principal, job_id, body)


@endpoint(
    bp,
    "DELETE",
    "api/v1/jobs/{job_id:int}",
    returns={204: None},
    scope="jobs:write",
    raises=(NotFound, JobRunning),
)
async def delete_job(call: Call, job_id: int) -> None:
    """Delete a job with its images."""
    await remove.delete_job(call.tx, call.principal, job_id)


@endpoint(
    bp,
    "POST",
    "api/v1/jobs/{job_id:int}/start",
    returns={202: JobOut},
    scope="jobs:write",
    raises=(JobNotStartable, *STARTING),
    idempotent=True,
)
async def start_job(call: Call, job_id: int, body: StartOptions = IN_FULL) -> JobOut:
    """Start a pending job; its maximum is reserved from the credits."""
    return await jobs.start_job(
        call.tx,
        call.principal,
        job_id,
        clamp_to_balance=body.clamp_to_balance,
        pin=datasets.pin_references,
        request_age=call.age,
    )


@endpoint(
    bp,
    "POST",
    "api/v1/jobs/{job_id:int}/stop",
    returns={202: JobOut},
    scope="jobs:write",
    raises=(NotFound, JobNotRunning),
)
async def stop_job(call: Call, job_id: int) -> JobOut:
    """Stop a running job; what is stored stays, unspent credits return."""
    return await jobs.stop_job(call.tx, call.principal, job_id)


@endpoint(
    bp,
    "POST",
    "api/v1/jobs/{job_id:int}/cancel",
    returns={202: JobOut},
    scope="jobs:write",
    raises=(NotFound, JobNotRunning),
)
async def cancel_job(call: Call, job_id: int) -> JobOut:
    """The same as stop."""
    return await jobs.stop_job(call.tx, call.principal, job_id)


@endpoint(
    bp,
    "POST",
    "api/v1/jobs/{job_id:int}/retry",
    returns={202: JobOut},
    scope="jobs:write",
    raises=(JobNotRetryable, *STARTING),
    idempotent=True,
)
async def retry_job(call: Call, job_id: int, body: StartOptions = IN_FULL) -> JobOut:
    """Crawl what a failed, cancelled or clamped job is missing."""
    return await jobs.retry_job(
        call.tx, call.principal, job_id, clamp_to_balance=body.clamp_to_balance
    )


@endpoint(
    bp,
    "GET",
    "api/v1/jobs/{job_id:int}/progress",
    returns={200: ProgressOut},
    scope="jobs:read",
    raises=(NotFound,),
    etag=True,
)
async def get_job_progress(call: Call, job_id: int) -> ProgressOut:
    """How far a job is; cheap to poll with If-None-Match."""
    return await reports.get_progress(call.tx, call.principal, job_id)


@endpoint(
    bp,
    "GET",
    "api/v1/jobs/{job_id:int}/stats",
    returns={200: StatsOut},
    scope="jobs:read",
    raises=(NotFound,),
    internal=True,
)
async def get_job_stats(call: Call, job_id: int) -> StatsOut:
    """What became of all candidates of a job."""
    return await reports.get_stats(call.tx, call.principal, job_id)


@endpoint(
    bp,
    "GET",
    "api/v1/jobs/{job_id:int}/logs",
    returns={200: Page[EventOut]},
    scope="jobs:read",
    raises=(NotFound,),
    internal=True,
)
async def list_job_logs(call: Call, job_id: int, query: PageQuery) -> Page[EventOut]:
    """What happened in a job, newest first."""
    return await reports.list_events(call.tx, call.principal, job_id, query)


@endpoint(
    bp,
    "GET",
    "api/v1/jobs/{job_id:int}/chunks",
    returns={200: Page[ChunkOut]},
    scope="jobs:read",
    raises=(NotFound,),
    internal=True,
)
async def list_job_chunks(call: Call, job_id: int, query: PageQuery) -> Page[ChunkOut]:
    """The chunks of a job, newest first."""
    return await reports.list_chunks(call.tx, call.principal, job_id, query)
