"""Exports: datasets as files."""

import azure.durable_functions as df

from shared.app.http import Call, Reply, endpoint
from shared.datasets import export_files, exports
from shared.datasets.errors import (
    DatasetEmpty,
    DatasetTooLarge,
    ExportExpired,
    ExportNotReady,
    ExportRunning,
    TooManyRunningExports,
)
from shared.datasets.export_schemas import ExportOut, FileQuery, JobExport
from shared.jobs.errors import JobRunning
from shared.platform.errors import NotFound
from shared.platform.http.pagination import Page, PageQuery

bp = df.Blueprint()


@endpoint(
    bp,
    "POST",
    "api/v1/jobs/{job_id:int}/exports",
    returns={202: ExportOut},
    scope="exports",
    raises=(NotFound, JobRunning, DatasetEmpty, DatasetTooLarge, TooManyRunningExports),
    idempotent=True,
)
async def create_export(call: Call, job_id: int, body: JobExport) -> Reply:
    """Export what a job has made, as its next version if anything has changed."""
    export = await exports.export_job(call.tx, call.principal, call.services.settings, job_id, body)
    return Reply(export, {"Location": f"/api/v1/exports/{export.id}"})


@endpoint(
    bp,
    "GET",
    "api/v1/jobs/{job_id:int}/exports",
    returns={200: Page[ExportOut]},
    scope="exports",
    raises=(NotFound,),
    internal=True,
)
async def list_exports(call: Call, job_id: int, query: PageQuery) -> Page[ExportOut]:
    """The exports of what a job has made, newest first."""
    return await exports.list_exports(call.tx, call.principal, job_id, query)


@endpoint(
    bp,
    "GET",
    "api/v1/exports/{export_id:int}",
    returns={200: ExportOut},
    scope="exports",
    raises=(NotFound,),
    etag=True,
    internal=True,
)
async def get_export(call: Call, export_id: int) -> ExportOut:
    """An export: how far it is, or what its files are."""
    return await exports.get_export(call.tx, call.principal, export_id)


@endpoint(
    bp,
    "GET",
    "api/v1/exports/{export_id:int}/download",
    returns={302: None},
    scope="exports",
    raises=(NotFound, ExportNotReady, ExportExpired),
    in_transaction=False,
)
async def download_export(call: Call, export_id: int, query: FileQuery) -> Reply:
    """Redirect to a file of an export, readable for 15 minutes, also from its middle."""
    url = await export_files.download_url(
        call.services.database, call.services.blobs, call.principal, export_id, query.file
    )
    return Reply(headers={"Location": url})


@endpoint(
    bp,
    "DELETE",
    "api/v1/exports/{export_id:int}",
    returns={204: None},
    scope="exports",
    raises=(NotFound, ExportRunning),
)
async def delete_export(call: Call, export_id: int) -> None:
    """Delete an export and its files."""
    await export_files.delete_export(call.tx, call.principal, export_id)
