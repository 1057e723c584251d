"""Uploads: what people bring along for their jobs."""

import azure.durable_functions as df

from shared.app.http import Call, Reply, endpoint
from shared.platform.errors import NotFound
from shared.platform.http.pagination import Page, PageQuery
from shared.uploads import service as uploads
from shared.uploads.errors import (
    TooManyRunningUploads,
    TooManyUploads,
    UploadInUse,
    UploadNotPending,
)
from shared.uploads.schemas import UploadCreate, UploadCreated, UploadDetail, UploadOut

bp = df.Blueprint()


@endpoint(
    bp,
    "POST",
    "api/v1/uploads",
    returns={201: UploadCreated},
    scope="jobs:write",
    raises=(TooManyUploads,),
    idempotent=True,
)
async def create_upload(call: Call, body: UploadCreate) -> Reply:
    """Ask for the URL that a file is sent to, within an hour, by `PUT`."""
    made = await uploads.create_upload(call.tx, call.services.blobs, call.principal, body)
    return Reply(made, {"Location": f"/api/v1/uploads/{made.id}"})


@endpoint(
    bp,
    "GET",
    "api/v1/uploads",
    returns={200: Page[UploadOut]},
    scope="jobs:read",
    internal=True,
)
async def list_uploads(call: Call, query: PageQuery) -> Page[UploadOut]:
    """The caller's uploads, newest first."""
    return await uploads.list_uploads(call.tx, call.principal, query)


@endpoint(
    bp,
    "GET",
    "api/v1/uploads/{upload_id:int}",
    returns={200: UploadDetail},
    scope="jobs:read",
    raises=(NotFound,),
    etag=True,
    internal=True,
)
async def get_upload(call: Call, upload_id: int) -> UploadDetail:
    """An upload: how far it was read, and which of its rows cannot be used."""
    return await uploads.get_upload(call.tx, call.principal, upload_id)


@endpoint(
    bp,
    "POST",
    "api/v1/uploads/{upload_id:int}/complete",
    returns={202: UploadDetail},
    scope="jobs:write",
    raises=(NotFound, UploadNotPending, TooManyRunningUploads),
)
async def complete_upload(call: Call, upload_id: int) -> UploadDetail:
    """Have the file read that was sent."""
    return await uploads.complete_upload(call.tx, call.principal, upload_id)


@endpoint(
    bp,
    "DELETE",
    "api/v1/uploads/{upload_id:int}",
    returns={204: None},
    scope="jobs:write",
    raises=(NotFound, UploadInUse),
)
async def delete_upload(call: Call, upload_id: int) -> None:
    """Delete an upload, also one that is being read."""
    await uploads.delete_upload(call.tx, call.principal, upload_id)
