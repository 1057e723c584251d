"""Settling a chunk: one transaction decides what of it the job keeps.

The job's row is locked meanwhile, so that duplicates and quotas are right across chunks that run
at once. A chunk that is settled twice changes nothing.
"""

from collections import Counter
from collections.abc import Sequence

from shared.crawl import exclusion_repo, job_repo, ledger_repo, repo, settle_repo
from shared.crawl.duplicates import Gallery, Member, verdict
from shared.crawl.model import EXCLUDED_SIMILAR, STORED, TRANSIENT_OUTCOMES, Chunk, Examined
from shared.crawl.settle_repo import Verdict
from shared.crawl.steps import ChunkResult
from shared.platform.data.db import Transaction


async def settle_chunk(
    transaction: Transaction, chunk: Chunk, examined: Sequence[Examined]
) -> ChunkResult:
    """Keeps what the job wants of the chunk."""
    job = await job_repo.lock_job(transaction, chunk.job_id)
    wanted = job is not None and job.runs(chunk.attempt)
    if not wanted or not await repo.is_open(transaction, chunk.id):
        return ChunkResult("cancelled")
    waiting = [item.candidate_id for item in examined if not (item.image or item.outcome)]
    await settle_repo.put_back(transaction, waiting)
    examined = await _exclude(transaction, chunk, examined)
    gallery = await _fill_gallery(transaction, chunk, examined)
    await _settle_copies(transaction, chunk.job_id, gallery)
    details = {item.candidate_id: item.detail for item in examined if item.outcome}
    await _write(transaction, chunk, gallery, details)
    lost = sum(outcome in TRANSIENT_OUTCOMES for outcome in gallery.outcomes.values())
    tried = len(chunk.candidates) - len(waiting)
    status = await repo.close_chunk(transaction, chunk, lost=lost, tried=tried)
    await ledger_repo.recount_chunks(transaction, chunk.job_id, [chunk.id, *gallery.recounted])
    await ledger_repo.recount_job(transaction, chunk.job_id)
    own = {c.id: gallery.outcomes[c.id] for c in chunk.candidates if c.id in gallery.outcomes}
    await _log(transaction, chunk, status, own, details)
    return ChunkResult(status, sum(outcome == STORED for outcome in own.values()))


async def _exclude(
    transaction: Transaction, chunk: Chunk, examined: Sequence[Examined]
) -> Sequence[Examined]:
    """The same, without the images that resemble a dataset which the job excludes."""
    images = [item.image for item in examined if item.image]
    if not images or not chunk.filters.exclude_similar_to:
        return examined
    similar = await exclusion_repo.find_similar(
        transaction,
        chunk.job_id,
        chunk.filters.exclude_similar_to,
        images,
        bits=chunk.filters.near_duplicate_bits,
    )
    return [
        Examined(item.candidate_id, EXCLUDED_SIMILAR, f"dataset {similar[item.image.sha256]}")
        if item.image and item.image.sha256 in similar
        else item
        for item in examined
    ]


async def _fill_gallery(
    transaction: Transaction, chunk: Chunk, examined: Sequence[Examined]
) -> Gallery:
    """The gallery with the chunk's images in it, each one decided about."""
    images = [item.image for item in examined if item.image]
    gallery = Gallery(
        quota_left=await ledger_repo.quota_left(transaction, chunk.job_id),
        bits=chunk.filters.near_duplicate_bits,
    )
    if images:
        hashes = [image.sha256 for image in images]
        phashes = [image.phash for image in images]
        gallery.add_known(await settle_repo.find_same_bytes(transaction, chunk.job_id, hashes))
        gallery.add_known(
            await settle_repo.find_near(transaction, chunk.job_id, phashes, bits=gallery.bits)
        )
    candidates = {candidate.id: candidate for candidate in chunk.candidates}
    for item in examined:
        if item.image:
            gallery.add(candidates[item.candidate_id], chunk.keyword, item.image)
        elif item.outcome:
            gallery.outcomes[item.candidate_id] = item.outcome
    return gallery


async def _settle_copies(transaction: Transaction, job_id: int, gallery: Gallery) -> None:
    """Finds new originals for the copies of images that are kept no more, if they have one."""
    seen: set[int] = set()
    while True:
        demoted = set(gallery.demoted()) - seen
        seen |= demoted
        if demoted:
            gallery.add_known(await settle_repo.find_copies(transaction, list(demoted)))
        copies = gallery.copies_without_original()
        if not copies:
            return
        gallery.add_known(
            await settle_repo.find_near(
                transaction, job_id, [member.phash for member in copies], bits=gallery.bits
            )
        )
        for member in copies:
            gallery.decide_again(member)


async def _write(
    transaction: Transaction, chunk: Chunk, gallery: Gallery, details: dict[int, str | None]
) -> None:
    arrivals, changed = gallery.arrivals(), gallery.changed()
    rows = [(m.candidate_id, m.facts, not m.kept) for m in arrivals if m.facts]
    ids = await settle_repo.insert_images(transaction, chunk.job_id, rows) if rows else {}
    for member in arrivals:
        member.image_id = ids[member.candidate_id]
    settled = [member for member in arrivals if not member.kept] + changed
    if settled:
        await settle_repo.write_verdicts(transaction, [_verdict(member) for member in settled])
    if gallery.dropped:
        await settle_repo.drop_images(transaction, gallery.dropped)
    known_by = {member.candidate_id: member.image_id for member in arrivals + changed}
    gallery.outcomes |= {member.candidate_id: verdict(member) for member in arrivals + changed}
    await settle_repo.settle_candidates(
        transaction,
        [(key, outcome, details.get(key), known_by.get(key), gallery.strays.get(key))
         for key, outcome in gallery.outcomes.items()],
    )  # fmt: skip


def _verdict(member: Member) -> Verdict:
    original = member.original
    of = original.image_id if isinstance(original, Member) else original
    return Verdict(
        member.image_id or 0, member.candidate_id, not member.kept, None if member.kept else of
    )


async def _log(
    transaction: Transaction,
    chunk: Chunk,
    status: str,
    outcomes: dict[int, str],
    details: dict[int, str | None],
) -> None:
    counts = Counter(outcomes.values())
    rejected = [
        {"url": candidate.url, "outcome": outcome, "detail": details.get(candidate.id)}
        for candidate in chunk.candidates
        if (outcome := outcomes.get(candidate.id, STORED)) != STORED
    ]
    await repo.add_event(
        transaction,
        chunk.job_id,
        "warning" if status == "failed" else "info",
        f"chunk.{status}",
        ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
        or "no turn came: the hosts are busy",
        chunk_id=chunk.id,
        keyword=chunk.keyword,
        rejected=rejected,
    )
