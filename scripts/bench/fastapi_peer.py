"""The peer of the API benchmark: the same SQL behind the least FastAPI, without any checks."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import FastAPI
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from shared.jobs import repo, report_repo
from shared.jobs.schemas import JobCreate, JobOut, ProgressOut
from shared.platform.data.db import Connection, Transaction

USER = UUID(os.environ["BENCH_USER_ID"])
pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
    os.environ["DATABASE_URL"], min_size=5, max_size=15, open=False,
    connection_class=Connection, kwargs={"row_factory": dict_row},
)  # fmt: skip


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """The pool is open as long as the app runs."""
    async with pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/jobs/{job_id}/progress")
async def get_progress(job_id: int) -> ProgressOut | None:
    """As the app's, without signing in."""
    async with pool.connection() as connection:
        return await report_repo.find_progress(Transaction(connection), USER, job_id)


@app.get("/jobs")
async def list_jobs(limit: int) -> list[JobOut]:
    """As the app's, without signing in."""
    async with pool.connection() as connection:
        return await repo.list_jobs(
            Transaction(connection), USER, project_id=None, status=None,
            below=2**31 - 1, limit=limit + 1,
        )  # fmt: skip


@app.post("/jobs", status_code=201)
async def create_job(body: JobCreate) -> JobOut | None:
    """As the app's, without an activity row."""
    async with pool.connection() as connection:
        transaction = Transaction(connection)
        job_id = await repo.insert_job(transaction, USER, body)
        return await repo.find_job(transaction, USER, job_id or 0)
