"""Datasets as the earlier product's clients download them: at once, whatever must be built."""

import asyncio
from typing import Final

from shared.datasets import export_files, exports
from shared.datasets.export_schemas import JobExport
from shared.datasets.restoring import PAUSE_SECONDS
from shared.exports.settings import ExportSettings
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Database
from shared.platform.durable import OrchestrationClient
from shared.platform.errors import NotFound, Unavailable
from shared.platform.http.auth.principal import Principal

WAIT_SECONDS: Final = 200  # they give up after 300, and Azure after 230
POLL_SECONDS: Final = 1.0
WANTED: Final = {
    "json": JobExport(format="labels", labels="json"),
    "csv": JobExport(format="labels", labels="csv"),
    "zip": JobExport(format="imagefolder"),
}


async def download_url(
    database: Database,
    blobs: BlobStore,
    settings: ExportSettings,
    principal: Principal,
    client: OrchestrationClient | None,
    dataset_id: int,
    kind: str,
) -> str:
    """A URL of the labels as ``json`` or ``csv``, or of the images as ``zip``, when it is built.

    No connection to the database is held while it is.

    Raises:
        NotFound: there is no such kind, or the caller has no such dataset.
        ExportNotReady: it could not be built.
        Unavailable: it takes longer than 200 s, or has to wait for archived images; it is built
            all the same.
        JobRunning, DatasetEmpty, DatasetTooLarge, Invalid, TooManyRunningExports: as for
            `export_job`.
    """
    if kind not in WANTED:
        raise NotFound(f"A dataset comes as {', '.join(WANTED)}.")
    async with database.transaction(principal.user_id) as transaction:
        transaction.client = client
        export = await exports.export_job(
            transaction, principal, settings, dataset_id, WANTED[kind]
        )
    for _ in range(int(WAIT_SECONDS / POLL_SECONDS)):
        if export.status != "running" or export.restoring:
            break
        await asyncio.sleep(POLL_SECONDS)
        async with database.transaction() as transaction:
            export = await exports.get_export(transaction, principal, export.id)
    if export.restoring:
        raise Unavailable(
            "Storage has archived images of the dataset and brings them back.",
            retry_after=PAUSE_SECONDS,
        )
    if export.status == "running":
        raise Unavailable("The export is still being built.", retry_after=30)
    return await export_files.download_url(database, blobs, principal, export.id, None)
