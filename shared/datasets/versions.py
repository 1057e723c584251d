"""Versions of datasets: made once, never changed."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from shared.activity import service as activity
from shared.crawl.model import LockedJob
from shared.datasets import draft_repo, repo, version_repo
from shared.datasets.errors import DatasetEmpty, DatasetTooLarge
from shared.datasets.schemas import Change, DiffOut, SplitOptions, VersionCreate, VersionOut
from shared.datasets.splits import SPLITS, Picture, Split, deal
from shared.datasets.version_repo import Changes, Version
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
# Duplicates and dropped images too: a version is made of all of them within one request, and Azure
# gives up on that after 230 s. Two millions that their job had kept apart took it up to 66. Whoever
# needs the job meanwhile waits for its lock, 60 s at most.
MOST_IMAGES: Final = 3_000_000
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
    left_out = await _make_draft(transaction, job, wanted)
    counts = _in_order(await draft_repo.count(transaction))
    if not counts:
        raise DatasetEmpty("The dataset has no images that could be in a version.")
    latest = await version_repo.list_versions(transaction, job.id, limit=1)
    last = latest[0] if latest else None
    content = hashlib.sha256()
    async for lines in draft_repo.lines(transaction):
        content.update(lines.encode())
    if last and (last.hash, last.split, last.include_duplicates, last.withdrawn) == (
        content.hexdigest(), split, wanted.include_duplicates, 0,
    ):  # fmt: skip
        return last
    number = last.number + 1 if last else 1
    version_id = await version_repo.insert_version(
        transaction,
        job.id,
        number,
        split=split,
        include_duplicates=wanted.include_duplicates,
        hash=content.hexdigest(),
        counts=counts,
        left_out=left_out,
        semantic_version="1.0.0",
    )
    await draft_repo.keep(transaction, version_id)
    if last:
        changes = await version_repo.compare(transaction, last.id, version_id)
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
    changes = await version_repo.compare(
        transaction, before.id if before else None, after.id, most=SHOWN_CHANGES
    )
    return DiffOut(
        dataset_id=dataset_id,
        from_number=from_number,
        number=number,
        added=changes.added,
        removed=changes.removed,
        relabelled=changes.relabelled,
        moved=changes.moved,
        changes=[Change.model_validate(change) for change in changes.shown],
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


async def _make_draft(
    transaction: Transaction, job: LockedJob, wanted: VersionCreate
) -> dict[str, int]:
    """Drafts a version with all splits; how many images are left out, by reason."""
    bits = job.filters.near_duplicate_bits
    left_out = await draft_repo.create(
        transaction,
        job.id,
        wanted.split.model_dump() if wanted.split else None,
        duplicates=wanted.include_duplicates,
        probe_all=bits < LEAK_BITS,
    )
    near: list[tuple[int, int]] = []
    # Of images that the job has kept apart no two resemble each other, unless it looked less
    # closely than we do.
    if bits < LEAK_BITS or wanted.include_duplicates:
        near = await draft_repo.list_near(transaction, bits=max(bits, LEAK_BITS))
    conflicts = await _deal_draft(transaction, near, wanted.split)
    return {**left_out, "split_conflict": conflicts} if conflicts else left_out


async def _deal_draft(
    transaction: Transaction, near: Sequence[tuple[int, int]], split: SplitOptions | None
) -> int:
    """Gives every image of the draft its split; how many are left out for resembling two."""
    shares, seed = (split.shares, split.seed) if split else (ALL_TO_TRAIN, 0)
    images = sorted({image for pair in near for image in pair})
    related = await draft_repo.list_rows(transaction, images)
    pictures = [Picture(row.sha256, row.label, row.split) for row in related]
    places = {row.image_id: place for place, row in enumerate(related)}
    pairs = [(places[one], places[other]) for one, other in near]
    others = await draft_repo.count(transaction)
    others.subtract((picture.label, picture.was) for picture in pictures)
    # A large dataset takes seconds, and others wait for this loop.
    dealt = await asyncio.to_thread(deal, pictures, pairs, others, shares, seed)
    splits = dict(zip(places, dealt.pictures, strict=True))
    await draft_repo.set_splits(transaction, splits)
    await draft_repo.set_other_splits(transaction, dealt.others, seed)
    return dealt.pictures.count(None)


def _in_order(
    counted: Mapping[tuple[str, Split | None], int],
) -> dict[str, dict[str, int]]:
    """Images by split and label."""
    return {
        split: labels
        for split in SPLITS
        if (labels := {label: n for (label, of), n in sorted(counted.items()) if of == split})
    }


def _next(version: str, changes: Changes) -> str:
    """By Croissant's rule: https://docs.mlcommons.org/croissant/docs/croissant-spec.html, under
    dataset versions."""
    major, minor, patch = map(int, version.split("."))
    if changes.removed or changes.relabelled or changes.moved:
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if changes.added else f"{major}.{minor}.{patch + 1}"
