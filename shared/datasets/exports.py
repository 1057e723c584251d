"""Rules of exports: asked for once, built once, there for a while."""

import hashlib
import json
from dataclasses import asdict
from typing import Final

from shared.activity import service as activity
from shared.datasets import content_repo, export_repo, versions
from shared.datasets.errors import TooManyRunningExports, VersionWithdrawn
from shared.datasets.export_files import find_own, remove_files
from shared.datasets.export_repo import Export
from shared.datasets.export_schemas import ExportOut, JobExport, VersionExport
from shared.datasets.run import EXPORT, build_of
from shared.datasets.schemas import VersionCreate
from shared.datasets.version_repo import Version
from shared.exports.layout import MOST_IN_ARCHIVE
from shared.exports.model import Options
from shared.exports.settings import ExportSettings
from shared.imaging.encoding import Encoding, ImageFormat
from shared.jobs import service as jobs
from shared.platform.data.db import Transaction
from shared.platform.errors import Invalid
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import Page, PageQuery, make_page
from shared.runs import service as runs

# Part of each key: to be raised when the same version and options come to give other bytes.
REVISION: Final = 3
IN_ARCHIVES: Final = ("imagefolder", "coco", "yolo")
MOST_RUNNING: Final = 2  # of a user's exports, without those that wait for storage
MOST_WAITING: Final = 10  # and with them


async def export_job(
    transaction: Transaction,
    principal: Principal,
    settings: ExportSettings,
    job_id: int,
    wanted: JobExport,
) -> ExportOut:
    """An export of what the caller's job has made, of its next version if anything has changed.

    Raises:
        NotFound, JobRunning, DatasetEmpty, DatasetTooLarge: as for `create_version`.
        Invalid, TooManyRunningExports: as for `export_version`.
    """
    of = VersionCreate(split=wanted.split, include_duplicates=wanted.include_duplicates)
    job = await jobs.lock_own(transaction, principal, job_id)
    version = await versions.make_version(transaction, job, of)
    return await _export(transaction, principal, version, _options(settings, wanted, job.name))


async def export_version(
    transaction: Transaction,
    principal: Principal,
    settings: ExportSettings,
    dataset_id: int,
    number: int,
    wanted: VersionExport,
) -> ExportOut:
    """An export of a version: the one that is there, if it was asked for before.

    Raises:
        NotFound: the caller has no such dataset, or it no such version.
        VersionWithdrawn: images of it were deleted.
        Invalid: the version does not fit the format.
        TooManyRunningExports: the caller has too many being built.
    """
    job = await jobs.lock_own(transaction, principal, dataset_id)
    version = await versions.get_version(transaction, dataset_id, number)
    return await _export(transaction, principal, version, _options(settings, wanted, job.name))


async def get_export(transaction: Transaction, principal: Principal, export_id: int) -> ExportOut:
    """The caller's export.

    Raises:
        NotFound: there is none of that id, or it is somebody else's.
    """
    return _out(await find_own(transaction, principal, export_id))


async def list_exports(
    transaction: Transaction, principal: Principal, job_id: int, query: PageQuery
) -> Page[ExportOut]:
    """A page of the exports of what the caller's job has made, newest first.

    Raises:
        NotFound: the caller has no such job.
        Invalid: the query's cursor is not one of this list.
    """
    await jobs.get_job(transaction, principal, job_id)
    rows = await export_repo.list_exports(
        transaction, job_id=job_id, below=query.below, limit=query.limit + 1
    )
    return make_page([_out(row) for row in rows], query, lambda export: export.id)


async def _export(
    transaction: Transaction, principal: Principal, version: Version, options: Options
) -> ExportOut:
    if version.withdrawn:
        raise VersionWithdrawn(
            f"{version.withdrawn} images of the version were deleted: make a new version."
        )
    await _check_fit(transaction, version, options)
    key = _key(version, options)
    running = await runs.list_running_of(transaction, EXPORT, principal.user_id)
    export_id = await export_repo.find_export(transaction, version.id, key)
    if export_id is None:
        await _check_turn(transaction, running)
        export_id = await export_repo.insert_export(transaction, version.id, key, asdict(options))
    else:
        export = await export_repo.lock_export(transaction, export_id)
        if export is None or export.status in ("running", "completed"):
            return await get_export(transaction, principal, export_id)
        await _check_turn(transaction, running)
        await remove_files(transaction, export, "again")
        await export_repo.start_again(transaction, export_id)
    export = await find_own(transaction, principal, export_id)
    await runs.start(transaction, build_of(export_id, export.attempt), principal.user_id)
    await activity.record(
        transaction, principal.user_id, "export.created", "export", export_id, format=options.format
    )
    return _out(export)


async def _check_turn(transaction: Transaction, running: list[int]) -> None:
    # The run of an export that went with its job ends at its next look, perhaps in half an hour.
    there, waiting = await export_repo.count_there(transaction, running)
    if there - waiting >= MOST_RUNNING or there >= MOST_WAITING:
        raise TooManyRunningExports(
            f"{there} of your exports are being built: wait until one is done.",
            headers={"Retry-After": "30"},
        )


def _options(settings: ExportSettings, wanted: VersionExport, name: str) -> Options:
    """What was asked for, and how the service is set where nothing was."""
    return Options(
        format=wanted.format,
        # What the format has no use for makes no other export.
        archive=wanted.archive if wanted.format in IN_ARCHIVES else "zip",
        labels=wanted.labels if wanted.format == "labels" else "jsonl",
        bagit=wanted.bagit,
        encoding=_encoding(settings, wanted),
        level=settings.compression.archive.level,
        name=name,
    )


def _encoding(settings: ExportSettings, wanted: VersionExport) -> Encoding | None:
    compression, image = settings.compression, wanted.image
    jpeg_only = wanted.format in ("webdataset", "yolo")
    if image is None:
        return Encoding("jpg", compression.quality) if jpeg_only else None
    if image.format == "original":
        return None
    usual: ImageFormat = "webp" if compression.format == "webp" else "png"
    if jpeg_only or compression.format == "jpeg":
        usual = "jpg"
    return Encoding(
        image.format or usual,
        compression.quality if image.quality is None else image.quality,
        compression.lossless if image.lossless is None else image.lossless,
        image.max_side,
    )


async def _check_fit(transaction: Transaction, version: Version, options: Options) -> None:
    images = sum(sum(labels.values()) for labels in version.counts.values())
    if options.format in IN_ARCHIVES and images > MOST_IN_ARCHIVE:
        raise _unfit(
            "format",
            f"the version has {images} images, and archives of folders hold {MOST_IN_ARCHIVE} at"
            " most: take webdataset or parquet",
        )
    if options.format == "webdataset" and options.encoding is None:
        kinds = await content_repo.list_formats(transaction, version.id)
        if len(kinds) > 1:
            raise _unfit(
                "image",
                f"a webdataset has one kind of picture, and the version has {', '.join(kinds)}:"
                " say which one to make of them",
            )


def _unfit(field: str, problem: str) -> Invalid:
    error = {"loc": ["body", field], "msg": problem, "type": "value_error"}
    return Invalid(f"Invalid: {field}.", errors=[error])


def _key(version: Version, options: Options) -> str:
    """A hash of all that decides about the bytes."""
    told = [REVISION, version.hash, version.number, asdict(options)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def _out(export: Export) -> ExportOut:
    splits = {split: sum(labels.values()) for split, labels in export.counts.items()}
    done = 100 * export.parts_done // export.parts if export.parts else 0
    return ExportOut.model_validate(
        {
            "id": export.id,
            "dataset_id": export.job_id,
            "version": export.number,
            "format": export.options["format"],
            "options": export.options,
            "status": export.status,
            "restoring": export.restoring,
            "progress": 100 if export.status in ("completed", "expired") else done,
            "images": sum(splits.values()),
            "splits": splits,
            "bytes": sum(file["bytes"] for file in export.files) if export.files else None,
            "files": export.files,
            "failure_reason": export.failure_reason,
            "created_at": export.created_at,
            "completed_at": export.completed_at,
            "expires_at": export.expires_at,
        }
    )
