"""Settling a chunk: one transaction decides what of it the job keeps.

The job's row is locked meanwhile, so that exact duplicates, near-duplicates and the quota are
right across chunks that run at once. A chunk that is settled twice changes nothing.
"""

from collections.abc import Sequence

from shared.crawl import repo, settle_repo
from shared.crawl.model import (
    EXACT_DUPLICATE,
    NEAR_DUPLICATE,
    OVER_QUOTA,
    STORED,
    Chunk,
    Examined,
    ImageFacts,
)
from shared.crawl.settle_repo import KnownImage
from shared.platform.db import Transaction

NEAR_DUPLICATE_BITS = 4  # of 64; farther pairs are different pictures (measured on photographs)
PROGRESS_SECONDS = 1.0  # the frontend subscribes to the job's row: at most one update a second


class Settlement:
    """The verdicts on one chunk, found by going through its images once."""

    def __init__(self, known: Sequence[KnownImage], room: int) -> None:
        self.room = room
        self.outcomes: dict[int, tuple[str, str | None]] = {}
        self.kept: dict[int, tuple[ImageFacts, bool]] = {}
        self.demoted: dict[int, int] = {}
        self.duplicate_of: dict[int, int | KnownImage] = {}
        self._hashes = {image.sha256 for image in known}
        self._known = [image for image in known if not image.is_duplicate]

    def judge(self, examined: Sequence[Examined]) -> "Settlement":
        """Decides about every candidate, in their order."""
        for item in examined:
            if item.image is None:
                self.outcomes[item.candidate_id] = (item.outcome or "undecodable", item.detail)
            elif item.image.sha256 in self._hashes:
                self.outcomes[item.candidate_id] = (EXACT_DUPLICATE, None)
            else:
                self._judge_new(item.candidate_id, item.image)
        return self

    def _judge_new(self, candidate_id: int, image: ImageFacts) -> None:
        twin = self._nearest(image)
        if twin is None and self.room <= 0:
            self.outcomes[candidate_id] = (OVER_QUOTA, None)
            return
        self._hashes.add(image.sha256)
        if twin is None:
            self.room -= 1
            self._keep(candidate_id, image, STORED)
        elif self._quality(twin) <= image.quality:
            self._keep(candidate_id, image, NEAR_DUPLICATE)
            self.duplicate_of[candidate_id] = twin
        else:
            self._keep(candidate_id, image, STORED)
            self._demote(twin, candidate_id)

    def _keep(self, candidate_id: int, image: ImageFacts, outcome: str) -> None:
        self.outcomes[candidate_id] = (outcome, None)
        self.kept[candidate_id] = (image, outcome == NEAR_DUPLICATE)

    def _demote(self, twin: int | KnownImage, candidate_id: int) -> None:
        if isinstance(twin, KnownImage):
            self._known.remove(twin)
            self.demoted[twin.id] = candidate_id
        else:
            self._keep(twin, self.kept[twin][0], NEAR_DUPLICATE)
            self.duplicate_of[twin] = candidate_id

    def _nearest(self, image: ImageFacts) -> int | KnownImage | None:
        """The job's near-duplicate of it: an image of before, or a candidate of this chunk."""
        for known in self._known:
            if _distance(known.phash, image.phash) <= NEAR_DUPLICATE_BITS:
                return known
        for candidate_id, (kept, is_duplicate) in self.kept.items():
            if not is_duplicate and _distance(kept.phash, image.phash) <= NEAR_DUPLICATE_BITS:
                return candidate_id
        return None

    def _quality(self, twin: int | KnownImage) -> tuple[int, str]:
        return twin.quality if isinstance(twin, KnownImage) else self.kept[twin][0].quality


async def settle_chunk(
    transaction: Transaction, chunk: Chunk, examined: Sequence[Examined]
) -> dict[str, object]:
    """Keeps what the job wants of the chunk; ``status, stored`` of it."""
    job = await repo.lock_job(transaction, chunk.job_id)
    images = [item.image for item in examined if item.image is not None]
    wanted = job and job["status"] == "running" and job["attempt"] == chunk.attempt
    if job is None or not wanted or not await settle_repo.is_open(transaction, chunk.id):
        await settle_repo.cancel_chunk(transaction, chunk)
        return {"status": "cancelled", "stored": 0}
    known = await settle_repo.find_known(
        transaction, chunk.job_id, images, distance=NEAR_DUPLICATE_BITS
    )
    room = job["max_images"] - await settle_repo.stored_count(transaction, chunk.job_id)
    settlement = Settlement(known, room).judge(examined)
    await _write(transaction, chunk, settlement)
    result = await settle_repo.close_chunk(transaction, chunk.id)
    await settle_repo.recount_job(transaction, chunk.job_id, at_most_every=PROGRESS_SECONDS)
    await _log(transaction, chunk, settlement, result)
    return {"status": result["status"], "stored": result["stored"]}


async def _write(transaction: Transaction, chunk: Chunk, settlement: Settlement) -> None:
    rows = [(key, image, duplicate) for key, (image, duplicate) in settlement.kept.items()]
    ids = await settle_repo.insert_images(transaction, chunk.job_id, rows) if rows else {}
    await settle_repo.settle_candidates(
        transaction,
        [(key, *outcome, ids.get(key)) for key, outcome in settlement.outcomes.items()],
    )
    touched = [chunk.id]
    if settlement.demoted:
        touched += await settle_repo.chunks_of_images(transaction, list(settlement.demoted))
        await settle_repo.demote_images(
            transaction, {old: ids[new] for old, new in settlement.demoted.items()}
        )
    if settlement.duplicate_of:
        await settle_repo.link_duplicates(
            transaction,
            {
                ids[key]: original.id if isinstance(original, KnownImage) else ids[original]
                for key, original in settlement.duplicate_of.items()
            },
        )
    await settle_repo.recount_chunks(transaction, chunk.job_id, touched)


async def _log(
    transaction: Transaction, chunk: Chunk, settlement: Settlement, result: dict[str, object]
) -> None:
    rejected = [
        {"url": candidate.url, "outcome": outcome, "detail": detail}
        for candidate in chunk.candidates
        for outcome, detail in [settlement.outcomes[candidate.id]]
        if outcome != STORED
    ]
    await repo.add_event(
        transaction,
        chunk.job_id,
        "warning" if result["status"] == "failed" else "info",
        f"chunk.{result['status']}",
        f"{result['stored']} stored, {result['duplicates']} duplicates, "
        f"{result['rejected']} rejected",
        chunk_id=chunk.id,
        rejected=rejected,
    )


def _distance(one: int, other: int) -> int:
    return ((one ^ other) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()
