"""Datasets and their versions."""

import azure.durable_functions as df

from shared.app.http import Call, Reply, endpoint
from shared.datasets import earlier, exports, reports, service, versions
from shared.datasets.errors import (
    DatasetEmpty,
    DatasetTooLarge,
    ExportNotReady,
    TooManyRunningExports,
    VersionWithdrawn,
)
from shared.datasets.export_schemas import ExportOut, VersionExport
from shared.datasets.report_schemas import ReportOut
from shared.datasets.schemas import (
    DatasetDetail,
    DatasetPage,
    DatasetQuery,
    DiffOut,
    DiffQuery,
    VersionCreate,
    VersionOut,
)
from shared.jobs.errors import JobRunning
from shared.platform.errors import NotFound
from shared.platform.http.pagination import Page, PageQuery

bp = df.Blueprint()


@endpoint(bp, "GET", "api/v1/datasets", returns={200: DatasetPage}, scope="exports", internal=True)
async def list_datasets(call: Call, query: DatasetQuery) -> DatasetPage:
    """What the caller's jobs have made, newest first."""
    return await service.list_datasets(call.tx, call.principal, query)


@endpoint(
    bp,
    "GET",
    "api/v1/datasets/{dataset}",
    returns={200: DatasetDetail},
    scope="exports",
    raises=(NotFound,),
    internal=True,
)
async def get_dataset(call: Call, dataset: str) -> DatasetDetail:
    """A dataset by id or name, with a version where one is named: `42`, `cats@3`, `cats@latest`."""
    return await service.get_dataset(call.tx, call.principal, dataset)


@endpoint(
    bp,
    "GET",
    "api/v1/datasets/{dataset}/report",
    returns={200: ReportOut},
    scope="exports",
    raises=(NotFound,),
    internal=True,
)
async def get_dataset_report(call: Call, dataset: str) -> ReportOut:
    """What a dataset, or a version where one is named, is made of: balance, licences, leaks."""
    return await reports.get_report(call.tx, call.principal, dataset)


@endpoint(
    bp,
    "POST",
    "api/v1/datasets/{dataset_id:int}/versions",
    returns={201: VersionOut},
    scope="exports",
    raises=(NotFound, JobRunning, DatasetEmpty, DatasetTooLarge),
    idempotent=True,
)
async def create_version(call: Call, dataset_id: int, body: VersionCreate) -> Reply:
    """Make the next version; when nothing has changed since the last one, it is that."""
    version = await versions.create_version(call.tx, call.principal, dataset_id, body)
    location = f"/api/v1/datasets/{dataset_id}/versions/{version.number}"
    return Reply(version, {"Location": location})


@endpoint(
    bp,
    "GET",
    "api/v1/datasets/{dataset_id:int}/versions",
    returns={200: Page[VersionOut]},
    scope="exports",
    raises=(NotFound,),
    internal=True,
)
async def list_versions(call: Call, dataset_id: int, query: PageQuery) -> Page[VersionOut]:
    """The versions of a dataset, newest first."""
    return await versions.list_versions(call.tx, call.principal, dataset_id, query)


@endpoint(
    bp,
    "GET",
    "api/v1/datasets/{dataset_id:int}/versions/{number:int}",
    returns={200: VersionOut},
    scope="exports",
    raises=(NotFound,),
    internal=True,
)
async def get_version(call: Call, dataset_id: int, number: int) -> VersionOut:
    """A version of a dataset."""
    return await versions.show_version(call.tx, call.principal, dataset_id, number)


@endpoint(
    bp,
    "GET",
    "api/v1/datasets/{dataset_id:int}/versions/{number:int}/diff",
    returns={200: DiffOut},
    scope="exports",
    raises=(NotFound,),
    internal=True,
)
async def compare_versions(call: Call, dataset_id: int, number: int, query: DiffQuery) -> DiffOut:
    """How a version differs from an earlier one."""
    return await versions.compare(call.tx, call.principal, dataset_id, number, query.from_)


@endpoint(
    bp,
    "POST",
    "api/v1/datasets/{dataset_id:int}/versions/{number:int}/exports",
    returns={202: ExportOut},
    scope="exports",
    raises=(NotFound, VersionWithdrawn, TooManyRunningExports),
    idempotent=True,
)
async def export_version(call: Call, dataset_id: int, number: int, body: VersionExport) -> Reply:
    """Export a version; asked for again with the same options, it is the same export."""
    export = await exports.export_version(
        call.tx, call.principal, call.services.settings, dataset_id, number, body
    )
    return Reply(export, {"Location": f"/api/v1/exports/{export.id}"})


@endpoint(
    bp,
    "GET",
    "api/v1/datasets/{dataset_id:int}/export/{kind}",
    returns={302: None},
    scope="exports",
    raises=(
        NotFound,
        JobRunning,
        DatasetEmpty,
        DatasetTooLarge,
        TooManyRunningExports,
        ExportNotReady,
    ),
    in_transaction=False,
    starts=True,
)
async def download_dataset(call: Call, dataset_id: int, kind: str) -> Reply:
    """Redirect to a dataset as `json`, `csv` or `zip`, built while you wait, up to 200 seconds."""
    url = await earlier.download_url(
        call.services.database,
        call.services.blobs,
        call.services.settings,
        call.principal,
        call.client,
        dataset_id,
        kind,
    )
    return Reply(headers={"Location": url})
