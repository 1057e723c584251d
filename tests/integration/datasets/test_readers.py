"""Exports are read, record by record, by the tools that people train with."""

import json
from pathlib import Path
from typing import Any

from shared.app.composition import Services
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import rows
from tests.integration.datasets.conftest import MakeDataset, download, export
from tests.integration.datasets.pictures import Picture
from tests.readers import environment

# Words that loaders take for splits, numbers that are none, what spreadsheets compute, what is
# no name for a file or for a bag, and two labels that a file system may not tell apart.
LABELS = ["cat", "crash test", "007", "=1+1", "../up", "Émile", "CAT", "50% off"]
SPLIT = {"train": 60, "val": 20, "test": 20, "seed": 3}
# Readers that give a label's number.
NUMBERED = ("pandas", "polars", "pandas manifest", "mlcroissant parquet")
EXPORTS: dict[str, dict[str, Any]] = {
    "imagefolder": {"format": "imagefolder"},
    "tar.zst": {"format": "imagefolder", "archive": "tar.zst"},
    "bagit": {"format": "imagefolder", "bagit": True},
    "webdataset": {"format": "webdataset"},
    "parquet": {"format": "parquet"},
    "coco": {"format": "coco"},
    "yolo": {"format": "yolo"},
    "files": {"format": "files"},
    **{
        f"labels-{kind}": {"format": "labels", "labels": kind}
        for kind in ("json", "jsonl", "csv", "yaml", "txt")
    },
}


def pictures() -> list[Picture]:
    """Of each label some, in several formats; what may be missing is missing in some, and in all
    of one split."""
    return [
        Picture(
            LABELS[n % len(LABELS)],
            n,
            format=("jpeg", "png", "webp")[n % 3],
            license=("by", None, "cc0")[n % 3],
            creator=None if n % 2 else 'Ann, "the" 1st\nof her name',
            title=f"Title {n}" if n % 4 else None,
        )
        for n in range(42)
    ]


async def truth(services: Services) -> dict[str, dict[str, Any]]:
    """What the API's database says of each image of the version, by sha256."""
    found = await rows(
        services.database,
        """
        SELECT v.split, v.label, v.sha256 AS original_sha256, license, creator,
          metadata ->> 'title' AS caption, width, height
        FROM dataset_version_images AS v JOIN images ON images.id = v.image_id
        """,
    )
    return {row["original_sha256"]: row for row in found}


def by_hash(read: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What a reader found; twice the same image would be one row less."""
    found = {row["original_sha256"]: row for row in read}
    assert len(found) == len(read)
    return found


async def test_every_reader_finds_every_record(
    services: Services, owner: Principal, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    job_id = await make_dataset(pictures(), name="Wild <animals>: 1")
    for name, wanted in EXPORTS.items():
        made = await export(services, owner, job_id, split=SPLIT, **wanted)
        assert made.status == "completed", (name, made.failure_reason)
        await download(services, owner, made, tmp_path / "exports" / name)
    out = tmp_path / "read.json"
    environment.read("read_all.py", str(tmp_path / "exports"), str(out), home=tmp_path / "home")
    found: dict[str, Any] = json.loads(out.read_text())
    expected = await truth(services)
    names = sorted({row["label"] for row in expected.values()})
    assert {row["split"] for row in expected.values()} == {"train", "val", "test"}

    assert found.pop("bags") == ["test-bag", "train-bag", "val-bag"]
    for reader in [name for name in found if name.startswith("folders ")]:
        read = found.pop(reader)
        assert len(read) == len(expected), reader
        folders = {(row["split"], row["folder"]) for row in read}
        assert len(folders) == len({(r["split"], r["label"]) for r in expected.values()}), reader
    text, csv = found.pop("labels txt"), found.pop("labels csv")
    assert sorted(row["label"] for row in text) == sorted(r["label"] for r in expected.values())
    assert {row["label"] for row in csv} == {f"'{n}" if n[0] == "=" else n for n in names}
    assert len(found) == 22
    for reader, read in found.items():
        told = by_hash(read)
        assert told.keys() == expected.keys(), reader
        for sha256, row in expected.items():
            theirs = {name: told[sha256][name] for name in row}
            if reader in NUMBERED:
                theirs["label"] = names[int(theirs["label"])]
            wanted_row = {**row}
            if reader == "pycocotools":  # has no place for these
                theirs["creator"] = row["creator"]
                wanted_row["license"] = row["license"] or "unknown"
            assert theirs == wanted_row, reader
