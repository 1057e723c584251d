"""Which files an export has, and which parts each is built of.

A part is what one activity builds in some seconds; which images are in it depends on the version
and the options alone.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.exports.model import Options

MB: Final = 10**6
# What an archive tells of all images lies on the instance's disk until it is whole, some KB each;
# of a zip's directory and of COCO's boxes some hundred bytes each stay in memory.
MOST_IN_ARCHIVE: Final = 50_000
IMAGES_PER_PART: Final = 500
BYTES_PER_PART: Final = 100 * MB
SAMPLES_PER_SHARD: Final = 10_000
BYTES_PER_SHARD: Final = 1000 * MB
# A Parquet file is one part, and the Hub wants at most 500 MB.
ROWS_PER_TABLE: Final = 5000
BYTES_PER_TABLE: Final = 450 * MB


@dataclass(frozen=True, slots=True)
class Part:
    """The images from ``first`` to ``last``, both included, in a file."""

    file: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SplitImages:
    """The images of a split: their positions start at ``first``; ``sizes`` are in bytes."""

    first: int
    sizes: "array[int]"


def plan(options: Options, splits: Mapping[str, SplitImages]) -> list[Part]:
    """The parts of all files with images, in order."""
    parts: list[Part] = []
    for split, images in splits.items():
        for file, (start, end) in _files(options, split, images.sizes):
            runs = (
                [(start, end)]
                if options.format == "parquet"
                else _runs(images.sizes, start, end, IMAGES_PER_PART, BYTES_PER_PART)
            )
            parts += [Part(file, images.first + a, images.first + b - 1) for a, b in runs]
    return parts


def _files(
    options: Options, split: str, sizes: Sequence[int]
) -> Iterator[tuple[str, tuple[int, int]]]:
    """The files of a split, and which of its images are in each."""
    match options.format:
        case "imagefolder" | "coco" | "yolo":
            yield f"{split}.{options.archive}", (0, len(sizes))
        case "webdataset":
            shards = _runs(sizes, 0, len(sizes), SAMPLES_PER_SHARD, BYTES_PER_SHARD)
            for number, shard in enumerate(shards):
                yield f"{split}-{number:05}.tar", shard
        case "parquet":
            tables = list(_runs(sizes, 0, len(sizes), ROWS_PER_TABLE, BYTES_PER_TABLE))
            for number, table in enumerate(tables):
                yield f"{split}-{number:05}-of-{len(tables):05}.parquet", table
        case "labels" | "files":
            return


def _runs(
    sizes: Sequence[int], start: int, end: int, most: int, most_bytes: int
) -> Iterator[tuple[int, int]]:
    """Runs of images that are not too many and not too large together."""
    begin, total = start, 0
    for place in range(start, end):
        if place > begin and (place - begin == most or total + sizes[place] > most_bytes):
            yield begin, place
            begin, total = place, 0
        total += sizes[place]
    if begin < end:
        yield begin, end
