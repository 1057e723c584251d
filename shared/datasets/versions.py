"""Versions of datasets: made once, never changed."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from shared.activity import service as activity
from shared.crawl.model import LockedJob
from shared.datasets import repo, version_repo
from shared.datasets.errors import DatasetEmpty, DatasetTooLarge
from shared.datasets.repo import Candidate
from shared.datasets.schemas import Change, DiffOut, VersionCreate, VersionOut
from shared.datasets.splits import SPLITS, Picture, Split, deal
from shared.datasets.version_repo import Row, Version
from shared.jobs import service as jobs
from shared.jobs.errors import JobRunning
from shared.platform.data.db import Transaction
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import Page, PageQuery, make_page

# Pictures whose hashes differ in so many bits are one picture to whoever trains with them, even if
# the job took them for two.
LEAK_BITS: Final = 4
SHOWN_CHANGES: Final = 1000
# Duplicates and dropped images too: a version is made of all of them within one request. 200,000
# took it up to 25 s and 260 MB.
MOST_IMAGES: Final = 500_000
ALL_TO_TRAIN: Final[dict[Split, float]] = {"train": 1}


async def create_version(
    transaction: Transaction, principal: Principal, dataset_id: int, wanted: VersionCreate
) -> VersionOut:
    """The next version of the caller's dataset; the last one if nothing has changed since.

    Raises:
        NotFound: the caller has no such dataset.
        JobRunning: its job still changes it.
        DatasetEmpty: it has no image that may be in a version.
        DatasetTooLarge: its job has more images than a version can be made of.
    """
    job = await jobs.lock_own(transaction, principal, dataset_id)
    return version_out(await make_version(transaction, job, wanted))


async def make_version(transaction: Transaction, job: LockedJob, wanted: VersionCreate) -> Version:
    """The same of a locked job, as it is stored.

    Raises:
        JobRunning, DatasetEmpty, DatasetTooLarge: as for `create_version`.
    """
    if job.is_running:
        raise JobRunning("The dataset's job is running: wait for its end, or stop it.")
    if await repo.has_more_images(transaction, job.id, MOST_IMAGES):
        raise DatasetTooLarge(
            f"A version is made of up to {MOST_IMAGES} images, duplicates and dropped ones counted."
        )
    split = wanted.split.model_dump() if wanted.split else None
    rows, left_out = await _deal(transaction, job, wanted)
    if not rows:
        raise DatasetEmpty("The dataset has no images that could be in a version.")
    latest = await version_repo.list_versions(transaction, job.id, limit=1)
    last = latest[0] if latest else None
    content = _hash(rows)
    if last and (last.hash, last.split, last.include_duplicates, last.withdrawn) == (
        content, split, wanted.include_duplicates, 0,
    ):  # fmt: skip
        return last
    number = last.number + 1 if last else 1
    version_id = await version_repo.insert_version(
        transaction,
        job.id,
        number,
        rows,
        split=split,
        include_duplicates=wanted.include_duplicates,
        hash=content,
        counts=_counts(rows),
        left_out=left_out,
        semantic_version="1.0.0",
    )
    if last:
        changes = await version_repo.list_changes(transaction, last.id, version_id)
        await version_repo.set_semantic_version(
            transaction, version_id, _next(last.semantic_version, changes)
        )
    await activity.record(
        transaction, job.user_id, "version.created", "dataset", job.id, number=number
    )
    return await get_version(transaction, job.id, number)


async def list_versions(
    transaction: Transaction, principal: Principal, dataset_id: int, query: PageQuery
) -> Page[VersionOut]:
    """A page of the versions of the caller's dataset, newest first.

    Raises:
        NotFound: the caller has no such dataset.
        Invalid: the query's cursor is not one of this list.
    """
    await jobs.get_job(transaction, principal, dataset_id)
    rows = await version_repo.list_versions(
        transaction, dataset_id, below=query.below, limit=query.limit + 1
    )
    return make_page([version_out(row) for row in rows], query, lambda version: version.number)


async def show_version(
    transaction: Transaction, principal: Principal, dataset_id: int, number: int
) -> VersionOut:
    """A version of the caller's dataset.

    Raises:
        NotFound: the caller has no such dataset, or it no such version.
    """
    await jobs.get_job(transaction, principal, dataset_id)
    return version_out(await get_version(transaction, dataset_id, number))


async def get_version(transaction: Transaction, dataset_id: int, number: int) -> Version:
    """A version of a dataset.

    Raises:
        NotFound: there is none of that number.
    """
    found = await version_repo.list_versions(transaction, dataset_id, number=number, limit=1)
    if not found:
        raise NotFound("The dataset has no such version.")
    return found[0]


async def compare(
    transaction: Transaction,
    principal: Principal,
    dataset_id: int,
    number: int,
    from_number: int | None,
) -> DiffOut:
    """How a version of the caller's dataset differs from another, by default the one before.

    Raises:
        NotFound: the caller has no such dataset, or it no such version.
    """
    await jobs.get_job(transaction, principal, dataset_id)
    after = await get_version(transaction, dataset_id, number)
    from_number = number - 1 if from_number is None else from_number
    before = await get_version(transaction, dataset_id, from_number) if from_number else None
    changes = await version_repo.list_changes(transaction, before.id if before else None, after.id)
    kinds = Counter(kind for change in changes for kind in _kinds(change))
    return DiffOut(
        dataset_id=dataset_id,
        from_number=from_number,
        number=number,
        added=kinds["added"],
        removed=kinds["removed"],
        relabelled=kinds["relabelled"],
        moved=kinds["moved"],
        changes=changes[:SHOWN_CHANGES],
    )


def version_out(version: Version) -> VersionOut:
    """A version as callers see it."""
    labels: Counter[str] = Counter()
    for of_split in version.counts.values():
        labels.update(of_split)
    splits = {split: sum(of_split.values()) for split, of_split in version.counts.items()}
    return VersionOut.model_validate(
        {
            "dataset_id": version.job_id,
            "number": version.number,
            "version": version.semantic_version,
            "hash": version.hash,
            "images": labels.total(),
            "splits": splits,
            "labels": dict(sorted(labels.items())),
            "left_out": version.left_out,
            "withdrawn": version.withdrawn,
            "split": version.split,
            "include_duplicates": version.include_duplicates,
            "created_at": version.created_at,
        }
    )


async def _deal(
    transaction: Transaction, job: LockedJob, wanted: VersionCreate
) -> tuple[list[Row], dict[str, int]]:
    """The rows of a new version in their order, and how many images are left out, by reason."""
    candidates = await repo.list_candidates(transaction, job.id)
    reasons = [_reason(image, wanted) for image in candidates]
    kept = [image for image, reason in zip(candidates, reasons, strict=True) if not reason]
    split = wanted.split.model_dump() if wanted.split else None
    was = await version_repo.list_splits(transaction, job.id, split)
    pictures = [Picture(image.sha256, image.label, was.get(image.sha256)) for image in kept]
    near = await _near(transaction, job, kept)
    shares = wanted.split.shares if wanted.split else ALL_TO_TRAIN
    seed = wanted.split.seed if wanted.split else 0
    # A large dataset takes seconds, and others wait for this loop.
    splits = await asyncio.to_thread(deal, pictures, near, shares, seed)
    rows = [
        Row(image.id, image.sha256, image.label, split)
        for image, split in zip(kept, splits, strict=True)
        if split
    ]
    rows.sort(key=lambda row: (SPLITS.index(row.split), row.sha256))
    left_out = Counter(reason for reason in reasons if reason)
    left_out["split_conflict"] += len(kept) - len(rows)
    return rows, {reason: count for reason, count in sorted(left_out.items()) if count}


def _reason(image: Candidate, wanted: VersionCreate) -> str | None:
    """Why the image is in no such version."""
    if image.is_dropped:
        return "dropped"
    return "duplicate" if image.is_duplicate and not wanted.include_duplicates else None


async def _near(
    transaction: Transaction, job: LockedJob, kept: Sequence[Candidate]
) -> list[tuple[int, int]]:
    """Which of the images resemble each other: places in ``kept``.

    Of images that the job has kept apart no two do, unless it looked less closely than we do.
    """
    bits = job.filters.near_duplicate_bits
    asked = [image.id for image in kept if bits < LEAK_BITS or image.is_duplicate]
    if not asked:
        return []
    places = {image.id: place for place, image in enumerate(kept)}
    pairs = await repo.list_near(transaction, job.id, asked, bits=max(bits, LEAK_BITS))
    return [(places[a], places[b]) for a, b in pairs if a in places and b in places]


def _hash(rows: Iterable[Row]) -> str:
    lines = (f"{row.sha256}\t{row.split}\t{row.label}\n".encode() for row in rows)
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()


def _counts(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    counted = Counter((row.split, row.label) for row in rows)
    return {
        split: {label: n for (of, label), n in sorted(counted.items()) if of == split}
        for split in SPLITS
        if any(of == split for of, _ in counted)
    }


def _kinds(change: Change) -> list[str]:
    if change.label_before is None:
        return ["added"]
    if change.label is None:
        return ["removed"]
    relabelled = ["relabelled"] if change.label_before != change.label else []
    return relabelled + (["moved"] if change.split_before != change.split else [])


def _next(version: str, changes: Sequence[Change]) -> str:
    """By Croissant's rule: https://docs.mlcommons.org/croissant/docs/croissant-spec.html, under
    dataset versions."""
    major, minor, patch = map(int, version.split("."))
    kinds = {kind for change in changes for kind in _kinds(change)}
    if kinds - {"added"}:
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if kinds else f"{major}.{minor}.{patch + 1}"
