"""Rules of uploads: asked for, written to storage by their owner, read once, then used by jobs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final
from uuid import UUID, uuid4

from shared.activity import service as activity
from shared.crawl.labels import fold
from shared.platform.data import outbox
from shared.platform.data.blob import BlobStore
from shared.platform.data.blob_addresses import SAS_LIFETIME
from shared.platform.data.db import Database, Transaction
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import Page, PageQuery, make_page
from shared.runs import service as runs
from shared.uploads import repo, rows_repo
from shared.uploads.errors import (
    TooManyRunningUploads,
    TooManyUploads,
    UploadInUse,
    UploadNotPending,
    UploadNotReady,
)
from shared.uploads.repo import Upload
from shared.uploads.run import UPLOAD, reading_of
from shared.uploads.schemas import (
    UploadCreate,
    UploadCreated,
    UploadDetail,
    UploadOut,
    UploadTarget,
)

MOST_PENDING: Final = 5  # of a user's uploads, and so on
MOST_RUNNING: Final = 2
MOST_KEPT: Final = 20
UNFINISHED_HOURS: Final = 24


async def create_upload(
    transaction: Transaction, blobs: BlobStore, principal: Principal, upload: UploadCreate
) -> UploadCreated:
    """A new upload, with the URL that its file is written to within an hour.

    Raises:
        TooManyUploads: the caller has as many as they may.
        Unavailable: storage gives no key.
    """
    key = uuid4()
    expires_at = datetime.now(UTC) + SAS_LIFETIME
    url = await blobs.upload_url(f"uploads/{key}/file")  # before anything is locked
    await runs.list_running_of(transaction, UPLOAD, principal.user_id)  # the user's turn
    kept, pending = await repo.count_uploads(transaction, principal.user_id)
    if pending >= MOST_PENDING:
        raise TooManyUploads(f"{pending} of your uploads wait for their file: send or delete it.")
    if kept >= MOST_KEPT:
        raise TooManyUploads(f"You have {kept} uploads: delete those you no longer need.")
    upload_id = await repo.insert_upload(transaction, principal.user_id, key, upload)
    await activity.record(
        transaction, principal.user_id, "upload.created", "upload", upload_id, kind=upload.kind
    )
    made = await _find(transaction, principal, upload_id)
    headers = {"x-ms-blob-type": "BlockBlob"}
    target = UploadTarget(url=url, headers=headers, expires_at=expires_at)
    return UploadCreated(**_out(made).model_dump(), target=target)


async def get_upload(
    transaction: Transaction, principal: Principal, upload_id: int
) -> UploadDetail:
    """The caller's upload.

    Raises:
        NotFound: there is none of that id, or it is somebody else's.
    """
    return _detail(await _find(transaction, principal, upload_id))


async def list_uploads(
    transaction: Transaction, principal: Principal, query: PageQuery
) -> Page[UploadOut]:
    """A page of the caller's uploads, newest first.

    Raises:
        Invalid: the query's cursor is not one of this list.
    """
    rows = await repo.list_uploads(
        transaction, user_id=principal.user_id, below=query.below, limit=query.limit + 1
    )
    return make_page([_out(row) for row in rows], query, lambda upload: upload.id)


async def complete_upload(
    transaction: Transaction, principal: Principal, upload_id: int
) -> UploadDetail:
    """Has the file read that the caller has sent. To say so twice changes nothing.

    Raises:
        NotFound: the caller has no such upload.
        UploadNotPending: it has failed.
        TooManyRunningUploads: too many of theirs are being read.
    """
    upload = await _lock(transaction, principal, upload_id)
    if upload.status == "failed":
        raise UploadNotPending(f"The upload has failed; make a new one. {upload.failure_reason}")
    if upload.status == "pending":
        running = await runs.count_running(transaction, UPLOAD, principal.user_id)
        if running >= MOST_RUNNING:
            raise TooManyRunningUploads(
                f"{running} of your uploads are being read: wait until one is done.",
                headers={"Retry-After": "30"},
            )
        await repo.mark_running(transaction, upload_id)
        await runs.start(transaction, reading_of(upload_id, upload.attempt + 1), principal.user_id)
    return await get_upload(transaction, principal, upload_id)


async def delete_upload(transaction: Transaction, principal: Principal, upload_id: int) -> None:
    """Removes the caller's upload with its rows, also while it is read; its file follows.

    Raises:
        NotFound: the caller has no such upload.
        UploadInUse: a job that has not ended crawls it.
    """
    upload = await _lock(transaction, principal, upload_id)
    if await repo.is_needed(transaction, upload_id):
        raise UploadInUse("A job that has not ended crawls the upload.")
    if upload.status == "running":
        await runs.end(transaction, reading_of(upload_id, upload.attempt), "cancelled")
    await repo.delete_upload(transaction, upload_id)
    await outbox.add_triggered(transaction)
    await activity.record(
        transaction, principal.user_id, "upload.deleted", "upload", upload_id, kind=upload.kind
    )


async def use_upload(
    transaction: Transaction, principal: Principal, upload_id: int
) -> UploadDetail:
    """The caller's upload for a new job; until the commit nobody deletes it.

    Raises:
        NotFound: the caller has no such upload.
        UploadNotReady: it was not read yet, or cannot be.
    """
    await _find(transaction, principal, upload_id)
    await repo.keep_upload(transaction, upload_id)
    upload = await _find(transaction, principal, upload_id)
    if upload.status != "completed":
        raise UploadNotReady(f"The upload is {upload.status}, not completed.")
    return _detail(upload)


async def has_labels(transaction: Transaction, upload_id: int, labels: Sequence[str]) -> bool:
    """Whether rows of the upload have one of these labels, however it is spelt."""
    return await rows_repo.has_labels(transaction, upload_id, [fold(label) for label in labels])


async def forget_unfinished(transaction: Transaction) -> None:
    """Forgets uploads that nobody completed for a day; their files follow."""
    await repo.delete_unfinished(transaction, hours=UNFINISHED_HOURS)
    await outbox.add_triggered(transaction)


async def sweep(database: Database, blobs: BlobStore) -> int:
    """Deletes files that nobody is going to read, sent late or again; how many."""
    deleted = 0
    async for names in blobs.batches("uploads/"):
        keys = {name: UUID(PurePosixPath(name).parts[1]) for name in names}
        async with database.transaction() as transaction:
            states = await repo.list_states(transaction, list(set(keys.values())))
        unwanted = [name for name, key in keys.items() if not _is_wanted(name, states.get(key))]
        await blobs.delete(unwanted)
        deleted += len(unwanted)
    return deleted


def _is_wanted(name: str, status: str | None) -> bool:
    """Whether a blob is needed by its upload: the file until it was read, pictures afterwards."""
    waiting = status in ("pending", "running")
    return waiting or (status == "completed" and not name.endswith("/file"))


async def _lock(transaction: Transaction, principal: Principal, upload_id: int) -> Upload:
    upload = await repo.lock_upload(transaction, upload_id)
    if upload is None or upload.user_id != principal.user_id:
        raise NotFound("You have no such upload.")
    return upload


async def _find(transaction: Transaction, principal: Principal, upload_id: int) -> Upload:
    found = await repo.list_uploads(transaction, user_id=principal.user_id, upload_id=upload_id)
    if not found:
        raise NotFound("You have no such upload.")
    return found[0]


def _out(upload: Upload) -> UploadOut:
    return UploadOut.model_validate(upload, from_attributes=True)


def _detail(upload: Upload) -> UploadDetail:
    return UploadDetail.model_validate(upload, from_attributes=True)
