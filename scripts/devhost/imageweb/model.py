"""What the image web offers, and what is true of it."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

SOURCES: Final = ("openverse", "wikimedia")
STORED: Final = "stored"
DUPLICATES: Final = ("exact_duplicate", "near_duplicate")


@dataclass(frozen=True)
class Candidate:
    """One URL that a search finds."""

    id: str
    keyword: str
    behaviour: str
    outcome: str
    # The distinct picture that this is, also as an exact or near duplicate; empty for what is
    # never a picture to keep.
    cluster: str
    # Among the candidates of a cluster the lowest is the best file.
    rank: int
    sources: tuple[str, ...]
    title: str
    tags: tuple[str, ...]
    creator: str
    licence: int
    format: str
    width: int
    height: int
    size: int
    sha1: str
    sha256: str
    dhash: int
    # The file in the cache; empty when the answer is made up on the spot.
    file: str

    @property
    def path(self) -> str:
        """Where the picture is, without the host."""
        return f"/photos/{self.id}.{self.format}"

    @property
    def landing_path(self) -> str:
        """The page about the picture, without the host."""
        return f"/photo/{self.id}"


@dataclass(frozen=True)
class Truth:
    """What a crawl of one keyword over some sources must come to, without a quota."""

    keyword: str
    sources: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    # By path: exactly one candidate of each cluster is stored. A crawler that meets the members
    # of a cluster in another order may keep another one of them.
    outcomes: dict[str, str]

    @property
    def clusters(self) -> frozenset[str]:
        """The distinct good pictures."""
        return frozenset(c.cluster for c in self.candidates if c.cluster)

    @property
    def counts(self) -> Counter[str]:
        """How many candidates end how."""
        return Counter(self.outcomes.values())

    def cluster_of(self, sha256: str) -> str | None:
        """The distinct picture that a file is; None for a file that must not be kept."""
        found = (c.cluster for c in self.candidates if c.sha256 == sha256 and c.cluster)
        return next(found, None)


class Catalogue:
    """All candidates of an image web, and the directory with their files."""

    def __init__(self, directory: Path, candidates: Iterable[Candidate]) -> None:
        self.directory = directory
        self.candidates = tuple(candidates)

    @classmethod
    def read(cls, directory: Path) -> Self:
        """The catalogue that was built in the directory."""
        index = json.loads((directory / "index.json").read_bytes())
        return cls(directory, (_candidate(entry) for entry in index["candidates"]))

    def write(self) -> None:
        """Write the index, last of all files: where it is, the catalogue is whole."""
        index = {"candidates": [asdict(candidate) for candidate in self.candidates]}
        (self.directory / "index.json").write_text(json.dumps(index, ensure_ascii=False))

    @cached_property
    def by_keyword(self) -> dict[str, tuple[Candidate, ...]]:
        """The candidates in the order in which a search finds them."""
        found: dict[str, list[Candidate]] = {}
        for candidate in self.candidates:
            found.setdefault(candidate.keyword, []).append(candidate)
        return {keyword: tuple(candidates) for keyword, candidates in found.items()}

    @property
    def keywords(self) -> tuple[str, ...]:
        """What can be searched for."""
        return tuple(self.by_keyword)

    @cached_property
    def by_id(self) -> dict[str, Candidate]:
        """Each candidate under its id."""
        return {candidate.id: candidate for candidate in self.candidates}

    def search(self, query: str, source: str) -> tuple[Candidate, ...]:
        """The candidates that a source has for a keyword; none for an unknown one."""
        found = self.by_keyword.get(" ".join(query.lower().split()), ())
        return tuple(candidate for candidate in found if source in candidate.sources)

    def truth(self, keyword: str, sources: Iterable[str] = SOURCES) -> Truth:
        """What must come of a crawl for the keyword over the sources."""
        wanted = tuple(sources)
        candidates = tuple(
            candidate
            for candidate in self.by_keyword.get(keyword, ())
            if set(wanted) & set(candidate.sources)
        )
        best: dict[str, Candidate] = {}
        for candidate in sorted(candidates, key=lambda c: c.rank):
            best.setdefault(candidate.cluster, candidate)
        return Truth(
            keyword, wanted, candidates,
            {c.path: _outcome(c, best.get(c.cluster)) for c in candidates},
        )  # fmt: skip


def _outcome(candidate: Candidate, best: Candidate | None) -> str:
    # Over one source a duplicate may be all there is of its picture.
    if candidate is best and candidate.cluster:
        return STORED
    return candidate.outcome


def _candidate(entry: dict[str, Any]) -> Candidate:
    return Candidate(**entry | {"sources": tuple(entry["sources"]), "tags": tuple(entry["tags"])})
