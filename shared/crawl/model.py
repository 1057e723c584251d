"""What the steps of a crawl hand to each other."""

from dataclasses import dataclass

# Outcomes that say something about the network rather than about the image: worth a retry.
TRANSIENT_OUTCOMES = ("network_error", "timeout", "http_5xx", "rate_limited")

STORED = "stored"
EXACT_DUPLICATE = "exact_duplicate"
NEAR_DUPLICATE = "near_duplicate"
OVER_QUOTA = "over_quota"


@dataclass(frozen=True, slots=True)
class JobState:
    """How far a job is: its row, and sums over its chunks, candidates and searches."""

    status: str
    attempt: int
    max_images: int
    stored: int
    tried: int
    lost: int
    waiting: int
    pending_chunks: int
    recent_chunks: int
    recent_failed: int
    searches: int
    open_searches: int
    degraded_searches: int


@dataclass(frozen=True, slots=True)
class Search:
    """One keyword at one source, and where its next page starts."""

    id: int
    job_id: int
    keyword: str
    engine: str
    cursor: str | None
    pages: int
    found: int
    exhausted: bool


@dataclass(frozen=True, slots=True)
class ChunkCandidate:
    """One URL of a chunk."""

    id: int
    url: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk that was claimed for processing."""

    id: int
    job_id: int
    attempt: int
    candidates: tuple[ChunkCandidate, ...]


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

    @property
    def quality(self) -> tuple[int, str]:
        """Which of two near-duplicates stays: the larger, then the lower hash (any fixed order)."""
        return (-self.width * self.height, self.sha256)


@dataclass(frozen=True, slots=True)
class Examined:
    """What became of one candidate: facts of a good image, or the outcome that rejects it."""

    candidate_id: int
    outcome: str | None = None
    detail: str | None = None
    image: ImageFacts | None = None
