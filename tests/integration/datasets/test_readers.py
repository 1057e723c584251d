"""Exports are read, record by record, by the tools that people train with."""

import json
from pathlib import Path
from typing import Any

from shared.app.composition import Services
from shared.datasets import versions
from shared.datasets.schemas import VersionCreate
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
PROOF = ("license_stated", "license_answer_url", "license_answer_date", "license_answer_sha256")
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
            proof=proof(n),
        )
        for n in range(42)
    ]


def proof(n: int) -> dict[str, str] | None:
    """What the image's licence was taken from: all of it, the words alone, or nothing."""
    if n % 4 == 0:
        return None
    stated = {"stated": f'CC "BY" {n}.0'}
    address = f"https://search.example/?q=a+cat&page={n}"
    answer = {"address": address, "at": f"2026-11-30T12:00:{n:02}Z", "sha256": f"{n:064x}"}
    return stated if n % 4 == 1 else stated | answer if n % 4 == 2 else answer


async def truth(services: Services) -> dict[str, dict[str, Any]]:
    """What the API's database says of each image of the version, by sha256."""
    found = await rows(
        services.database,
        """
        SELECT v.split, v.label, v.sha256 AS original_sha256, license, creator,
          metadata ->> 'title' AS caption, width, height,
          metadata #>> '{license_proof,stated}' AS license_stated,
          metadata #>> '{license_proof,address}' AS license_answer_url,
          metadata #>> '{license_proof,at}' AS license_answer_date,
          metadata #>> '{license_proof,sha256}' AS license_answer_sha256
        FROM dataset_version_images AS v JOIN images ON images.id = v.image_id
        """,
    )
    return {row["original_sha256"]: row for row in found}


async def forget_proof(services: Services, owner: Principal, job_id: int, *, split: str) -> None:
    """Nothing proves the licences of a split, whose columns are null."""
    wanted = VersionCreate.model_validate({"split": SPLIT})
    async with services.database.transaction() as transaction:
        await versions.create_version(transaction, owner, job_id, wanted)
    forgotten = await rows(
        services.database,
        """
        UPDATE images SET metadata = metadata - 'license_proof' FROM dataset_version_images AS v
        WHERE v.image_id = images.id AND v.split = %(split)s RETURNING id
        """,
        split=split,
    )
    assert forgotten


def by_hash(read: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What a reader found; twice the same image would be one row less."""
    found = {row["original_sha256"]: row for row in read}
    assert len(found) == len(read)
    return found


async def test_every_reader_finds_every_record(
    services: Services, owner: Principal, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    job_id = await make_dataset(pictures(), name="Wild <animals>: 1")
    await forget_proof(services, owner, job_id, split="val")
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
                theirs |= {name: row[name] for name in ("creator", *PROOF)}
                wanted_row["license"] = row["license"] or "unknown"
            assert theirs == wanted_row, reader
