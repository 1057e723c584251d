"""The papers in an archive: the same from memory and from the disk, and no larger in memory."""

import gc
import hashlib
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from zlib import crc32

import pytest

from shared.exports import spool
from shared.exports.inner_papers import InnerPapers
from shared.exports.model import Figures, File, Format, Member, Options, Record, Summary
from shared.exports.trees import TREES

LABELS = ["cat", "dog"]


def members(count: int) -> Iterator[Member]:
    """Images of both labels, every fifth of the split ``val``."""
    for number in range(count):
        sha256 = hashlib.sha256(str(number).encode()).hexdigest()
        nothing = dict.fromkeys(Record.__dataclass_fields__)
        told = {
            "position": number, "image_id": number, "label": LABELS[number % 2], "sha256": sha256,
            "split": "val" if number % 5 == 0 else "train", "license": "by", "url": "https://a/b",
        }  # fmt: skip
        record = Record(**{**nothing, **told})  # type: ignore[arg-type]  # the rest may be null
        yield Member(record, File("jpg", sha256, 1000, 320, 240, number))


def summary(count: int) -> Summary:
    figures = Figures({"train": 1, "val": 1}, {"by": {"cat": count}}, {}, {}, {}, {}, {})
    counts = {"train": {"cat": 1, "dog": 1}, "val": {"cat": 1}}
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Summary(1, "pets", 1, "1.0.0", "0", at, LABELS, counts, {}, figures)


def written(kind: Format, count: int) -> dict[str, bytes]:
    """The papers of the split ``train``, by name."""
    options = Options(kind, bagit=True)
    with InnerPapers(options, summary(count), TREES[kind](LABELS), "train") as papers:
        papers.add(members(count))
        found = {}
        for name, paper in papers.end():
            found[name] = b"".join(paper.pieces())
            told = (len(found[name]), crc32(found[name]), hashlib.sha256(found[name]).hexdigest())
            assert (paper.size, paper.crc32, paper.sha256) == told
    return found


@pytest.mark.parametrize("kind", ["imagefolder", "coco", "yolo"])
def test_papers_on_the_disk_are_those_in_memory(
    kind: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory = written(kind, 100)
    monkeypatch.setattr(spool, "IN_MEMORY", 1)
    assert written(kind, 100) == in_memory


@pytest.mark.parametrize("count", [0, 1, 5, 6, 100])
def test_annotations_are_json_whatever_the_number(count: int) -> None:
    papers = written("coco", count)
    told = json.loads(papers["train-bag/data/annotations/instances_train.json"])
    there = [member for member in members(count) if member.record.split == "train"]
    assert [image["sha256"] for image in told["images"]] == [m.file.sha256 for m in there]
    assert [box["image_id"] for box in told["annotations"]] == [m.record.image_id for m in there]
    assert [each["name"] for each in told["categories"]] == LABELS


def test_a_bag_knows_its_papers_too() -> None:
    papers = written("yolo", 10)
    manifest = papers["train-bag/manifest-sha256.txt"].decode()
    lines = [line.split("  data/") for line in manifest.splitlines()]
    sums = {name: sha256 for sha256, name in lines}
    inside = "train-bag/data/"
    for name, body in papers.items():
        if name.startswith(inside):
            assert sums.pop(name.removeprefix(inside)) == hashlib.sha256(body).hexdigest()
    assert len(sums) == 8  # images


@pytest.mark.parametrize(("kind", "most"), [("yolo", 50), ("coco", 200)])
def test_memory_hardly_grows_with_the_images(
    kind: Format, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "PIECE", 1_000)
    monkeypatch.setattr(spool, "IN_MEMORY", 1)
    assert _growth(kind) < most  # bytes; of each image the papers tell some 800
    monkeypatch.setattr(spool, "IN_MEMORY", 2**30)
    assert _growth(kind) > 500


def _growth(kind: Format) -> float:
    """Bytes of memory for each image, at the most."""
    few, many = 1_000, 5_000
    return (_peak(kind, many) - _peak(kind, few)) / (many - few)


def _peak(kind: Format, count: int) -> int:
    options = Options(kind, archive="tar.zst")
    gc.collect()
    tracemalloc.start()
    with InnerPapers(options, summary(count), TREES[kind](LABELS), "train") as papers:
        for member in members(count):
            papers.add([member])
        for _, paper in papers.end():
            for _ in paper.pieces():
                pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak
