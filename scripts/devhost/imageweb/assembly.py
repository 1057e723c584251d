"""Putting the catalogue together: what each keyword offers, in which order, in which source."""

import hashlib
import random
from dataclasses import replace
from typing import Any, Final

from scripts.devhost.imageweb import credits
from scripts.devhost.imageweb.behaviour import (
    DRAWN_EXTRA,
    EXACT_DUPLICATE,
    EXTRA,
    GOOD,
    NEAR_DUPLICATE,
    PLAIN,
)
from scripts.devhost.imageweb.drawing import File, Workshop
from scripts.devhost.imageweb.keywords import Subject, subjects
from scripts.devhost.imageweb.model import SOURCES, STORED, Candidate
from scripts.devhost.imageweb.pictures import Picture

# Out of 20 pictures so many are PNG, WebP; the others are JPEG.
_PNG, _WEBP, _OF = 1, 2, 20
# One candidate in so many is in both sources, under the same URL.
_SHARED_EVERY: Final = 10
_NOTHING: Final = File("", 1024, 768, 180_000, "0" * 40, "", 0)


def assemble(workshop: Workshop, seed: int, per_keyword: int) -> list[Candidate]:
    """Every candidate of the image web, keyword by keyword in the order of search."""
    found = subjects(workshop.packages)
    shelves = [
        Shelf(seed, number, keyword, found[keyword], per_keyword)
        for number, keyword in enumerate(found)
    ]
    pictures = [picture for shelf in shelves for picture in shelf.pictures]
    files = iter(workshop.draw_distinct(pictures))
    for shelf in shelves:
        shelf.files = [next(files) for _ in shelf.pictures]
    twins = EXTRA[NEAR_DUPLICATE].per_keyword
    near = workshop.draw_near([(shelf.files[0], twins) for shelf in shelves])
    candidates: list[Candidate] = []
    for shelf, copies in zip(shelves, near, strict=True):
        candidates += shelf.candidates(copies)
    return candidates


class Shelf:
    """The candidates of one keyword."""

    def __init__(
        self, seed: int, number: int, keyword: str, found: list[Subject], good: int
    ) -> None:
        self.seed = f"{seed}/{keyword}"
        self.number = number
        self.keyword = keyword
        self.chance = random.Random(self.seed)
        self.good = good
        emoji = [subject for subject in found if not subject.photograph]
        photographs = [subject for subject in found if subject.photograph]
        # Each photograph once; the emoji again and again, always in another place and light.
        count = good + sum(EXTRA[kind].per_keyword for kind in DRAWN_EXTRA)
        self.subjects = (photographs + emoji * count)[:count]
        self.pictures = [
            Picture(f"{self.seed}/{index}", subject, self._format(index))
            for index, subject in enumerate(self.subjects)
        ]
        self.files: list[File] = []

    def candidates(self, near: list[File]) -> list[Candidate]:
        """All of them, good and bad, mixed; each duplicate somewhere after its original."""
        good = self._good()
        extra = self._copies(good, near) + self._bad()
        mixed = good + extra
        self.chance.shuffle(mixed)
        return sorted(mixed, key=lambda candidate: candidate.rank > 0)

    def _good(self) -> list[Candidate]:
        kinds = [kind for kind, count in GOOD.items() for _ in range(count)]
        # The first pictures are the originals of the duplicates, which are plain.
        first = self.good - len(kinds)
        return [
            self._candidate(
                index, PLAIN if index < first else kinds[index - first], STORED, file,
                cluster=f"{self.keyword}/{index}",
            )
            for index, file in enumerate(self.files[: self.good])
        ]  # fmt: skip

    def _copies(self, good: list[Candidate], near: list[File]) -> list[Candidate]:
        """Near duplicates of the first picture, exact ones of those after it."""
        copies = [
            self._copy(good[0], f"near-{rank}", NEAR_DUPLICATE, file, rank)
            for rank, file in enumerate(near, start=1)
        ]
        for index in range(1, 1 + EXTRA[EXACT_DUPLICATE].per_keyword):
            copies.append(
                self._copy(good[index], f"exact-{index}", EXACT_DUPLICATE, self.files[index], 1)
            )
        return copies

    def _copy(
        self, original: Candidate, name: str, behaviour: str, file: File, rank: int
    ) -> Candidate:
        return replace(
            original,
            **_measures(file),
            id=self._id(name),
            behaviour=behaviour,
            outcome=EXTRA[behaviour].outcome,
            rank=rank,
            title=f"{original.title} (copy)",
            creator=credits.creator(self.chance),
            sources=self._sources(self.chance.randrange(1000)),
        )

    def _bad(self) -> list[Candidate]:
        drawn = iter(range(self.good, len(self.files)))
        bad = []
        for kind, behaviour in EXTRA.items():
            if kind in (EXACT_DUPLICATE, NEAR_DUPLICATE):
                continue
            if self.number % behaviour.one_keyword_in:
                continue
            for number in range(behaviour.per_keyword):
                if kind in DRAWN_EXTRA:
                    index = next(drawn)
                    candidate = self._candidate(index, kind, behaviour.outcome, self.files[index])
                else:
                    index = self.chance.randrange(len(self.subjects))
                    candidate = self._candidate(index, kind, behaviour.outcome, _NOTHING)
                    candidate = replace(
                        candidate, id=self._id(f"{kind}-{number}"), format=_pretended(kind)
                    )
                bad.append(candidate)
        return bad

    def _candidate(
        self, index: int, behaviour: str, outcome: str, file: File, cluster: str = ""
    ) -> Candidate:
        subject = self.subjects[index]
        place = f" and {file.background}" if file.background else ""
        return Candidate(
            id=self._id(str(index)),
            keyword=self.keyword,
            behaviour=behaviour,
            outcome=outcome,
            cluster=cluster,
            rank=0,
            sources=self._sources(index),
            title=f"{subject.title}{place}",
            tags=tuple(dict.fromkeys((self.keyword, *subject.tags))),
            creator=credits.creator(self.chance),
            licence=credits.licence(self.chance),
            **_measures(file),
        )

    def _format(self, index: int) -> str:
        roll = self.chance.randrange(_OF)
        # JPEG is what near duplicates are made of, and what is cut off in the middle.
        if index == 0 or index >= self.good or roll >= _PNG + _WEBP:
            return "jpg"
        return "png" if roll < _PNG else "webp"

    def _sources(self, index: int) -> tuple[str, ...]:
        if index % _SHARED_EVERY == _SHARED_EVERY - 1:
            return SOURCES
        return (SOURCES[index % 2],)

    def _id(self, name: str) -> str:
        return hashlib.sha256(f"{self.seed}/{name}".encode()).hexdigest()[:12]


def _measures(file: File) -> dict[str, Any]:
    return {
        "format": file.name.rpartition(".")[2] or "jpg",
        "width": file.width,
        "height": file.height,
        "size": file.size,
        "sha1": file.sha1,
        "sha256": file.sha256,
        "dhash": file.dhash,
        "file": file.name,
    }


def _pretended(kind: str) -> str:
    return "png" if kind in ("bomb", "tiny") else "jpg"
