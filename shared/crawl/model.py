"""What the steps of a crawl hand to each other."""

from dataclasses import dataclass, field
from uuid import UUID

from shared.crawl.filters import JobFilters

INTERNAL_ERROR = "internal_error"  # a fault of ours
# Outcomes that say nothing about the image: worth a retry.
TRANSIENT_OUTCOMES = ("network_error", "timeout", "http_5xx", "rate_limited", INTERNAL_ERROR)

STORED = "stored"
EXACT_DUPLICATE = "exact_duplicate"
NEAR_DUPLICATE = "near_duplicate"
OVER_QUOTA = "over_quota"
EXCLUDED_SIMILAR = "excluded_similar"

URL_LIST = "url_list"  # the engine that needs no search


@dataclass(frozen=True, slots=True)
class LockedJob:
    """A job whose row is locked until the commit.

    ``clamped_to``: so many images its last attempt could pay for, fewer than ``max_images``.
    ``running_seconds`` since its last start; ``status_before`` is what it was before we waited for
    the lock.
    """

    id: int
    user_id: UUID
    name: str
    keywords: list[str]
    categories: dict[str, list[str]]
    engines: list[str]
    filters: JobFilters
    max_images: int
    clamped_to: int | None
    status: str
    attempt: int
    running_seconds: float | None
    status_before: str

    @property
    def is_running(self) -> bool:
        """Whether an attempt goes on."""
        return self.status == "running"

    @property
    def quota(self) -> int:
        """How many images it may have in the end."""
        return self.max_images if self.clamped_to is None else self.clamped_to

    def runs(self, attempt: int) -> bool:
        """Whether this attempt goes on."""
        return self.is_running and self.attempt == attempt


@dataclass(frozen=True, slots=True)
class KeywordState:
    """How far one keyword is.

    Of its candidates ``waiting`` are in no chunk, ``in_chunks`` in an open one, and ``spare`` were
    good but over the quota of their time. ``open_searches`` have pages left, those with the fewest
    pages first; ``busy_searches`` have, too, but their source cannot be asked yet.
    """

    keyword: str
    stored: int = 0
    tried: int = 0
    lost: int = 0
    waiting: int = 0
    in_chunks: int = 0
    spare: int = 0
    expandable: bool = False
    open_searches: list[int] = field(default_factory=list)
    busy_searches: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether no further image can come of it."""
        searches = self.open_searches or self.busy_searches or self.expandable
        return not (self.waiting or self.in_chunks or self.spare or searches)


@dataclass(frozen=True, slots=True)
class EndedChunk:
    """One of the chunks that ended last."""

    candidates: int
    failed: bool


@dataclass(frozen=True, slots=True)
class JobState:
    """How far a job is.

    ``recent`` chunks are those of this attempt, the last one first. In ``busy_seconds`` the first
    of the busy sources can be asked again.
    """

    max_images: int
    keywords: tuple[KeywordState, ...]  # in the job's order
    open_chunks: int = 0
    recent: tuple[EndedChunk, ...] = ()
    searches: int = 0
    degraded_searches: int = 0
    busy_seconds: float = 0

    @property
    def stored(self) -> int:
        """Distinct images of all keywords."""
        return sum(keyword.stored for keyword in self.keywords)

    @property
    def tried(self) -> int:
        """Candidates with a result."""
        return sum(keyword.tried for keyword in self.keywords)

    @property
    def lost(self) -> int:
        """Of the tried, those whose image nobody has seen."""
        return sum(keyword.lost for keyword in self.keywords)


@dataclass(frozen=True, slots=True)
class Search:
    """One query for a keyword at one source, and where its next page starts."""

    id: int
    job_id: int
    keyword: str
    query: str
    engine: str
    cursor: str | None
    pages: int
    found: int
    exhausted: bool


@dataclass(frozen=True, slots=True)
class ChunkCandidate:
    """One URL of a chunk. ``rank`` is its place in the results of its search."""

    id: int
    url: str
    rank: int = 0
    search_id: int = 0
    engine: str = ""
    license: str | None = None
    known_blob: str | None = None  # the same URL in another job of the user, and its ETag
    known_etag: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk that was claimed for processing: candidates of one keyword."""

    id: int
    job_id: int
    attempt: int
    keyword: str
    candidates: tuple[ChunkCandidate, ...]
    filters: JobFilters


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """A good image whose bytes are in blob storage. ``phash`` is a signed 64-bit dHash."""

    sha256: str
    phash: int
    format: str
    width: int
    height: int
    size: int
    blob_name: str
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """What became of one candidate: facts of a good image, or the outcome that rejects it.

    With neither its turn has not come: it waits for another chunk.
    """

    candidate_id: int
    outcome: str | None = None
    detail: str | None = None
    image: ImageFacts | None = None
