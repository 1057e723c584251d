"""Drawing on all cores, and keeping only pictures that are far enough from each other."""

import hashlib
import io
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from PIL import Image

from scripts.devhost.imageweb.dhash import dhash, distance, nearest
from scripts.devhost.imageweb.pictures import Picture, draw, encode

DISTINCT: Final = 12  # bits between two pictures, at least
ALIKE: Final = 3  # bits within a picture and its near duplicates, at most
ATTEMPTS: Final = 30
# How a near duplicate is made: scale and quality, tried in this order.
NEAR: Final = ((0.7, 82), (0.55, 88), (0.8, 74), (0.9, 90), (0.6, 80), (0.85, 86), (0.75, 92))


class DrawingError(Exception):
    """The pictures do not come out far enough apart."""


@dataclass(frozen=True)
class File:
    """A drawn file in the cache."""

    name: str
    width: int
    height: int
    size: int
    sha1: str
    sha256: str
    dhash: int
    background: str = ""


class Workshop:
    """Worker processes that draw into a directory."""

    def __init__(self, directory: Path, packages: Path) -> None:
        self.directory = directory
        self.packages = packages
        self._pool = ProcessPoolExecutor(
            max_workers=min(8, os.cpu_count() or 1),
            mp_context=multiprocessing.get_context("spawn"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def draw_distinct(self, pictures: Sequence[Picture]) -> list[File]:
        """A file for each picture, pairwise at least `DISTINCT` bits apart.

        A picture that comes out too near to an earlier one is drawn again from another seed.
        """
        files: dict[int, File] = {}
        waiting = dict(enumerate(pictures))
        for attempt in range(ATTEMPTS):
            tries = {
                index: replace(picture, seed=f"{picture.seed}/{attempt}")
                for index, picture in waiting.items()
            }
            drawn = self._draw(tries)
            # Photographs first: another seed would not make them other pictures.
            for index in sorted(drawn, key=lambda i: (not pictures[i].subject.photograph, i)):
                kept = np.array([file.dhash for file in files.values()], dtype=np.uint64)
                if nearest(drawn[index].dhash, kept) >= DISTINCT:
                    files[index] = drawn[index]
                    del waiting[index]
            if not waiting:
                return [files[index] for index in range(len(pictures))]
        raise DrawingError(f"{len(waiting)} pictures are too near to others after all attempts")

    def _draw(self, pictures: dict[int, Picture]) -> dict[int, File]:
        emoji = self.packages / "@lobehub" / "fluent-emoji-3d" / "assets"
        names = [f"{index}.{picture.format}" for index, picture in pictures.items()]
        results = self._pool.map(
            _draw_file, pictures.values(), names, [emoji] * len(names),
            [self.directory] * len(names), chunksize=8,
        )  # fmt: skip
        return dict(zip(pictures, results, strict=True))

    def draw_near(self, originals: Sequence[tuple[File, int]]) -> list[list[File]]:
        """For each original so many smaller files that look the same."""
        return list(
            self._pool.map(
                _draw_near_files, [file for file, _ in originals], [n for _, n in originals],
                [self.directory] * len(originals), chunksize=2,
            )
        )  # fmt: skip


def _draw_file(picture: Picture, name: str, emoji: Path, directory: Path) -> File:
    drawn = draw(picture, emoji)
    return _keep(directory, name, drawn.content, drawn.background)


def _draw_near_files(original: File, count: int, directory: Path) -> list[File]:
    kept: list[File] = []
    with Image.open(directory / original.name) as opened:
        image = opened.convert("RGB")
    for scale, quality in NEAR:
        size = (round(image.width * scale), round(image.height * scale))
        content = encode(image.resize(size, Image.Resampling.LANCZOS), "jpg", quality)
        name = f"{Path(original.name).stem}-near-{len(kept)}.jpg"
        file = _keep(directory, name, content, original.background)
        if all(distance(file.dhash, other.dhash) <= ALIKE for other in (original, *kept)):
            kept.append(file)
        if len(kept) == count:
            return kept
    raise DrawingError(f"{original.name} has no {count} near duplicates")


def _keep(directory: Path, name: str, content: bytes, background: str) -> File:
    (directory / name).write_bytes(content)
    with Image.open(io.BytesIO(content)) as image:
        return File(
            name, image.width, image.height, len(content),
            hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            hashlib.sha256(content).hexdigest(), dhash(image), background,
        )  # fmt: skip
