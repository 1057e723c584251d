"""Which images of a job are kept: of equal bytes and of near-duplicates the best one.

The best is the larger picture, then the one that stands earlier in the results. An image is kept
unless a better one that is kept lies within the distance: this rule does not depend on the order
in which images come in, and so neither does the dataset, however chunks overtake each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter

from shared.crawl.model import (
    EXACT_DUPLICATE,
    NEAR_DUPLICATE,
    OVER_QUOTA,
    STORED,
    ChunkCandidate,
    ImageFacts,
)
from shared.crawl.settle_repo import KnownImage
from shared.imaging.dhash import distance


@dataclass(slots=True, eq=False)
class Member:
    """An image, kept or a copy of one that is. ``quality`` is the better the lower."""

    sha256: str
    phash: int
    quality: tuple[int, int, int]
    candidate_id: int
    keyword: str
    chunk_id: int | None = None
    image_id: int | None = None  # None: it comes with this chunk
    facts: ImageFacts | None = None
    kept: bool = False
    original: "Member | int | None" = None  # a number when the original was not loaded
    changed: bool = False


@dataclass(slots=True)
class Gallery:
    """The images of a job that matter to a chunk: its own, and those that resemble them."""

    quota_left: dict[str, int]  # how many images each keyword still wants
    bits: int
    outcomes: dict[int, str] = field(default_factory=dict)  # by candidate
    strays: dict[int, str] = field(default_factory=dict)  # sha256 of copies of another keyword's
    recounted: set[int] = field(default_factory=set)  # chunks of earlier images that changed
    dropped: list[int] = field(default_factory=list)  # earlier images that lose their row
    _members: dict[str, Member] = field(default_factory=dict)  # by sha256
    _kept: set[Member] = field(default_factory=set)  # of them: few, where many are copies

    def add_known(self, known: Iterable[KnownImage]) -> None:
        """Adds images of earlier chunks as they are; what was decided about one stays."""
        by_id = {m.image_id: m for m in self._members.values() if m.image_id}
        for image in known:
            if image.sha256 not in self._members and image.id not in self.dropped:
                self._members[image.sha256] = by_id[image.id] = member = _earlier(image)
                if member.kept:
                    self._kept.add(member)
        for member in self._members.values():
            if isinstance(member.original, int):
                member.original = by_id.get(member.original, member.original)

    def add(self, candidate: ChunkCandidate, keyword: str, image: ImageFacts) -> None:
        """Decides about an image of the chunk."""
        quality = (-image.width * image.height, candidate.rank, candidate.search_id)
        new = Member(image.sha256, image.phash, quality, candidate.id, keyword, facts=image)
        same = self._members.get(image.sha256)
        if same:
            self._same_bytes(new, same)
        elif self._place(new):
            self._members[image.sha256] = new
        else:
            self.outcomes[candidate.id] = OVER_QUOTA

    def copies_without_original(self) -> list[Member]:
        """Near-duplicates whose original is not kept any more, the best first."""
        found = [
            member
            for member in self._members.values()
            if not member.kept and isinstance(member.original, Member) and not member.original.kept
        ]
        return sorted(found, key=attrgetter("quality"))

    def demoted(self) -> list[int]:
        """Images of earlier chunks that are kept no more: their copies have lost their original."""
        return [
            m.image_id for m in self._members.values() if m.image_id and m.changed and not m.kept
        ]

    def decide_again(self, member: Member) -> None:
        """Decides anew about a near-duplicate whose original has gone.

        Where no quota is left for it, it is what a later image would be: over the quota, and to
        be taken up again when the quota grows.
        """
        self._touch(member)
        if not self._place(member):
            self.outcomes[member.candidate_id] = OVER_QUOTA
            del self._members[member.sha256]
            if member.image_id:
                self.dropped.append(member.image_id)

    def arrivals(self) -> list[Member]:
        """The chunk's own images that get a row."""
        return [member for member in self._members.values() if member.facts]

    def changed(self) -> list[Member]:
        """Images of earlier chunks that are something else now."""
        return [m for m in self._members.values() if m.image_id and m.changed]

    def _place(self, new: Member) -> bool:
        """Keeps the image or makes it a copy of a better one; False when no quota is left."""
        near = [m for m in self._kept if distance(m.phash, new.phash) <= self.bits]
        best = min(near, key=attrgetter("quality"), default=None)
        if best and best.quality < new.quality:
            new.original = best
            return True
        freed = sum(worse.keyword == new.keyword for worse in near)
        if self.quota_left.get(new.keyword, 0) + freed < 1:
            return False
        for worse in near:
            self._touch(worse)
            self._turn(worse, kept=False)
            worse.original = new
        self._turn(new, kept=True)
        new.original = None
        return True

    def _turn(self, member: Member, *, kept: bool) -> None:
        member.kept = kept
        if kept:
            self._kept.add(member)
        else:
            self._kept.discard(member)
        self.quota_left[member.keyword] = self.quota_left.get(member.keyword, 0) + (
            -1 if kept else 1
        )

    def _touch(self, member: Member) -> None:
        member.changed = True
        if member.chunk_id is not None:
            self.recounted.add(member.chunk_id)

    def _same_bytes(self, new: Member, same: Member) -> None:
        """Of equal files the one that stands earlier gives provenance and label."""
        if new.quality < same.quality and self._may_move(same, new.keyword):
            self._touch(same)
            later = (same.candidate_id, same.keyword)
            was_kept = same.kept
            if was_kept:
                self._turn(same, kept=False)
            same.quality, same.keyword = new.quality, new.keyword
            same.candidate_id = new.candidate_id
            if was_kept:
                self._turn(same, kept=True)
            else:  # being earlier it may be better than its original now
                self._place(same)
        else:
            later = (new.candidate_id, new.keyword)
        self._note_copy(*later, of=same)

    def _note_copy(self, candidate_id: int, keyword: str, *, of: Member) -> None:
        self.outcomes[candidate_id] = EXACT_DUPLICATE
        if keyword != of.keyword:
            self.strays[candidate_id] = of.sha256

    def _may_move(self, same: Member, keyword: str) -> bool:
        return not same.kept or same.keyword == keyword or self.quota_left.get(keyword, 0) > 0


def verdict(member: Member) -> str:
    """The outcome of the candidate by which the image is known."""
    return STORED if member.kept else NEAR_DUPLICATE


def _earlier(image: KnownImage) -> Member:
    return Member(
        image.sha256,
        image.phash,
        (-image.area, image.rank, image.search_id),
        image.candidate_id,
        image.keyword,
        chunk_id=image.chunk_id,
        image_id=image.id,
        kept=not image.is_duplicate,
        original=image.duplicate_of,
    )
