"""Jobs under their older name, which starts them as soon as they are made."""

import azure.durable_functions as df

from shared.app.http import Call, Reply, endpoint
from shared.credits.errors import InsufficientCredits, MonthlyLimitReached
from shared.datasets import service as datasets
from shared.jobs import service as jobs
from shared.jobs.errors import JobNotRunning, JobTooLarge, TooManyRunningJobs
from shared.jobs.schemas import JobCreate, JobOut, JobQuery
from shared.platform.errors import NotFound
from shared.platform.http.pagination import Page
from shared.uploads.errors import UploadNotReady

bp = df.Blueprint()


@endpoint(
    bp,
    "POST",
    "api/v1/crawl-jobs",
    returns={201: JobOut},
    scope="jobs:write",
    raises=(
        NotFound,
        UploadNotReady,
        JobTooLarge,
        InsufficientCredits,
        MonthlyLimitReached,
        TooManyRunningJobs,
    ),
    idempotent=True,
    successor="api/v1/jobs",
)
async def create_crawl_job(call: Call, body: JobCreate) -> Reply:
    """Create a job and start it."""
    started = body.model_copy(update={"start": True})
    job = await jobs.create_job(call.tx, call.principal, started, pin=datasets.pin_references)
    return Reply(job, {"Location": f"/api/v1/jobs/{job.id}"})


@endpoint(
    bp,
    "GET",
    "api/v1/crawl-jobs",
    returns={200: Page[JobOut]},
    scope="jobs:read",
    successor="api/v1/jobs",
)
async def list_crawl_jobs(call: Call, query: JobQuery) -> Page[JobOut]:
    """The caller's jobs, newest first."""
    return await jobs.list_jobs(call.tx, call.principal, query)


@endpoint(
    bp,
    "GET",
    "api/v1/crawl-jobs/{job_id:int}",
    returns={200: JobOut},
    scope="jobs:read",
    raises=(NotFound,),
    etag=True,
    successor="api/v1/jobs/{job_id}",
)
async def get_crawl_job(call: Call, job_id: int) -> JobOut:
    """One job."""
    return await jobs.get_job(call.tx, call.principal, job_id)


@endpoint(
    bp,
    "POST",
    "api/v1/crawl-jobs/{job_id:int}/cancel",
    returns={202: JobOut},
    scope="jobs:write",
    raises=(NotFound, JobNotRunning),
    successor="api/v1/jobs/{job_id}/stop",
)
async def cancel_crawl_job(call: Call, job_id: int) -> JobOut:
    """Stop a running job; what is stored stays, unspent credits return."""
    return await jobs.stop_job(call.tx, call.principal, job_id)
