"""Reads exports with the tools that people read datasets with; runs in an environment of its own.

``read_all.py FOLDER OUT``: below FOLDER an export each, in a folder called as its format. OUT is
written: by reader, the rows that it found, with ``split``, ``label``, ``sha256`` and what else it
tells.
"""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import bagit
import datasets
import mlcroissant
import pandas
import polars
import webdataset
import yaml
import zstandard
from etils import epath
from mlcroissant._src.operation_graph.operations import extract
from PIL import Image
from pycocotools.coco import COCO

FOLDER, OUT = Path(sys.argv[1]), Path(sys.argv[2])
CACHE = epath.Path(OUT.parent / "unpacked")
SPLITS = {"train": "train", "validation": "val", "test": "test"}
PROOF = ("license_stated", "license_answer_url", "license_answer_date", "license_answer_sha256")
COLUMNS = (
    "split", "label", "original_sha256", "license", "creator", "caption", "width", "height", *PROOF
)  # fmt: skip


def row(values: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What is compared of a row; text may come as bytes, and nothing as NaN or no text."""
    told = {name: values.get(name) for name in COLUMNS} | more
    for name, value in told.items():
        if isinstance(value, bytes):
            told[name] = value.decode()
        elif value == "":
            told[name] = None
        elif isinstance(value, float):
            told[name] = None if value != value else int(value)
    return told


def of_datasets(path: Path, *arguments: Any, **options: Any) -> list[dict[str, Any]]:
    """Every record as `datasets` gives it, the images decoded."""
    found = []
    for name, split in datasets.load_dataset(*([*arguments] or [str(path)]), **options).items():
        names = split.features["label"].names if "label" in split.features else None
        for record in split:
            image = record.get("image") or record["jpg"]
            told = record if names else record["json"]
            label = names[record["label"]] if names else told["label"]
            assert image.size == (told["width"], told["height"])
            found.append(row(told, split=SPLITS[name], label=label))
    return found


def of_folder(path: Path) -> list[dict[str, Any]]:
    """What a loader that knows only folders sees: split, folder, bytes."""
    found = []
    for file in sorted(path.glob("*/*/*")):
        if file.is_file() and Image.open(file).size:
            split, folder = file.parts[-3:-1]
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            found.append({"split": split, "folder": folder, "sha256": digest})
    return found


def unpack(path: Path) -> Path:
    """All archives of an export, in one folder."""
    into = path / "unpacked"
    for archive in sorted(path.glob("*.zip")):
        with zipfile.ZipFile(archive) as opened:
            assert opened.testzip() is None
            opened.extractall(into)
    for archive in sorted(path.glob("*.tar.zst")):
        content = zstandard.open(archive, "rb").read()
        with tarfile.open(fileobj=io.BytesIO(content)) as opened:
            opened.extraction_filter = getattr(tarfile, "data_filter", None)  # from 3.11.4 on
            opened.extractall(into)
    return into


def of_webdataset(path: Path) -> list[dict[str, Any]]:
    """Every sample as `webdataset` gives it."""
    found = []
    for split in SPLITS.values():
        shards = [str(shard) for shard in sorted(path.glob(f"{split}-*.tar"))]
        for sample in webdataset.WebDataset(shards, shardshuffle=False) if shards else ():
            told = json.loads(sample["json"])
            image = Image.open(io.BytesIO(sample["jpg"]))
            assert (image.format, *image.size) == ("JPEG", told["width"], told["height"])
            number, text = int(sample["cls"]), sample["txt"].decode()
            found.append(row(told, split=split, number=number, text=text))
    return found


def of_tables(path: Path, read: Any) -> list[dict[str, Any]]:
    """Every row of the Parquet files; labels are numbers."""
    found = []
    for file in sorted(path.glob("*.parquet")):
        for told in read(file):
            if "image" in told:
                digest = hashlib.sha256(told["image"]["bytes"]).hexdigest()
                assert digest == told["sha256"]
            found.append(row(told))
    return found


def of_coco(path: Path) -> list[dict[str, Any]]:
    """Every image with its one annotation."""
    found = []
    for file in sorted(path.glob("annotations/*.json")):
        split = file.stem.removeprefix("instances_")
        coco = COCO(str(file))
        licenses = {each["id"]: each["name"] for each in coco.dataset["licenses"]}
        for image in coco.loadImgs(coco.getImgIds()):
            (box,) = coco.loadAnns(coco.getAnnIds(image["id"]))
            (category,) = coco.loadCats([box["category_id"]])
            opened = Image.open(path / split / image["file_name"])
            assert opened.size == (image["width"], image["height"])
            assert box["bbox"] == [0, 0, image["width"], image["height"]]
            license_ = licenses[image["license"]]
            named = {"split": split, "label": category["name"], "license": license_}
            found.append(row(image, original_sha256=image["file_name"].split(".")[0], **named))
    return found


def of_croissant(path: Path) -> list[dict[str, Any]]:
    """Every record, where there are images with the image."""
    # It unpacks archives of one name once, whatever folder they are in.
    extract.EXTRACT_PATH = CACHE / path.name
    dataset = mlcroissant.Dataset(path / "croissant.json")
    issues = dataset.metadata.ctx.issues
    assert not issues.errors, issues.errors
    assert not issues.warnings, issues.warnings
    found = []
    for record in dataset.records("images"):
        told = {name.removeprefix("images/"): value for name, value in record.items()}
        if "image" in told:
            assert told["image"].size == (told["width"], told["height"])
        found.append(row(told))
    return found


def of_label_files(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The same labels in each format."""
    with (path / "labels-txt" / "labels.txt").open() as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    text = [{"file_name": name, "label": label} for name, label in lines]
    csv = pandas.read_csv(path / "labels-csv" / "labels.csv", dtype=str, keep_default_na=False)
    return {
        "labels json": list(map(row, json.loads(_text(path, "json")))),
        "labels jsonl": [row(json.loads(line)) for line in _text(path, "jsonl").splitlines()],
        "labels yaml": list(map(row, yaml.safe_load(_text(path, "yaml")))),
        "labels csv": csv.to_dict("records"),
        "labels txt": text,
    }


def _text(path: Path, kind: str) -> str:
    return (path / f"labels-{kind}" / f"labels.{kind}").read_text()


def check_sums(folder: Path) -> None:
    """`sha256sum -c` in each folder that has sums."""
    for sums in folder.rglob("SHA256SUMS"):
        subprocess.run(["sha256sum", "-c", "--quiet", "--strict", sums.name], cwd=sums.parent,
                       check=True)  # fmt: skip


def main() -> None:
    """Reads everything."""
    folders = {path.name: path for path in FOLDER.iterdir() if path.is_dir()}
    imagefolder, shards, tables = (
        folders[name] for name in ("imagefolder", "webdataset", "parquet")
    )
    found: dict[str, Any] = {
        "datasets imagefolder by path": of_datasets(imagefolder),
        "datasets webdataset by path": of_datasets(shards),
        "datasets webdataset": of_datasets(shards, "webdataset", data_files={
            "train": str(shards / "train-*.tar"), "validation": str(shards / "val-*.tar"),
            "test": str(shards / "test-*.tar")}),
        "datasets parquet by path": of_datasets(tables),
        "datasets parquet by folder": of_datasets(tables, "parquet", data_dir=str(tables)),
        "webdataset": of_webdataset(shards),
        "pandas": of_tables(tables, lambda f: pandas.read_parquet(f).to_dict("records")),
        "polars": of_tables(tables, lambda f: polars.read_parquet(f).to_dicts()),
        "pandas manifest": of_tables(
            folders["files"], lambda f: pandas.read_parquet(f).to_dict("records")),
        **of_label_files(FOLDER),
    }  # fmt: skip
    unpacked = {name: unpack(folders[name]) for name in ("imagefolder", "tar.zst", "coco", "yolo")}
    bags = sorted(unpack(folders["bagit"]).glob("*-bag"))
    for bag in bags:
        bagit.Bag(str(bag)).validate()
    found["bags"] = [bag.name for bag in bags]
    found["datasets imagefolder unpacked by path"] = of_datasets(unpacked["imagefolder"])
    (unpacked["imagefolder"] / "README.md").unlink()
    found["datasets imagefolder by folder"] = of_datasets(
        imagefolder, "imagefolder", data_dir=str(unpacked["imagefolder"])
    )
    for name in ("imagefolder", "tar.zst", "yolo"):
        found[f"folders {name}"] = of_folder(unpacked[name])
    found["pycocotools"] = of_coco(unpacked["coco"])
    for name in ("imagefolder", "webdataset", "parquet", "coco", "yolo", "tar.zst", "files"):
        found[f"mlcroissant {name}"] = of_croissant(folders[name])
    check_sums(FOLDER)
    OUT.write_text(json.dumps(found, default=str))


if __name__ == "__main__":
    main()
