"""Exports of data that nobody expects, and of data that changes while they are built."""

import io
import json
from pathlib import Path
from typing import Any, LiteralString

import pytest
import yaml
from PIL import Image

from shared.app.composition import Services
from shared.datasets import building, exports
from shared.datasets.export_schemas import ExportOut
from shared.images import service as images
from shared.jobs import service as jobs
from shared.jobs.schemas import JobUpdate
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import rows
from tests.integration.datasets.conftest import MakeDataset, build, download, export, order
from tests.integration.datasets.pictures import Picture
from tests.integration.datasets.test_exports import blobs_of, send

FORMATS: list[dict[str, Any]] = [
    {"format": "imagefolder", "bagit": True},
    {"format": "webdataset"},
    {"format": "parquet"},
    {"format": "coco", "archive": "tar.zst"},
    {"format": "yolo"},
    {"format": "labels", "labels": "yaml"},
    {"format": "files"},
]
ODD = "a\x7f\u2028|<script>\t\ufffe'\""
FORGET: LiteralString = """
  UPDATE images SET labels = NULL, phash = NULL, license = NULL, license_url = NULL, creator = NULL,
    attribution = NULL, source_page_url = NULL, metadata = NULL, engine = NULL
  WHERE keyword = 'plain' RETURNING id
"""
# Of each image of seven, but the last one, something else.
LOSSES: list[LiteralString] = [
    f"UPDATE images SET {change} WHERE id = (SELECT min(id) + {place} FROM images) RETURNING id"
    for place, change in (
        ("0", "labels = '[]', keyword = NULL"),
        ("1", "storage_url = NULL"),
        ("2", "format = NULL"),
        ("3", "width = NULL"),
        ("4", "height = NULL"),
        ("5", "file_size = NULL"),
    )
]


def odd_pictures() -> list[Picture]:
    labels = [ODD, "😀" * 100, "cat", "CAT", "50% off", "plain"]
    return [
        Picture(label, n, license=ODD, creator=f"{ODD}\nb", title=f"{ODD}\r\n---\n")
        for n, label in enumerate(labels)
    ]


@pytest.mark.parametrize("wanted", FORMATS, ids=lambda wanted: str(wanted["format"]))
async def test_odd_text_and_missing_facts_are_exported(
    services: Services,
    owner: Principal,
    make_dataset: MakeDataset,
    tmp_path: Path,
    wanted: dict[str, Any],
) -> None:
    pictures = odd_pictures()
    job_id = await make_dataset(pictures, name=f"x{ODD}\ny")
    await rows(services.database, FORGET)
    split = {"train": 1, "val": 1, "test": 1}
    made = await export(services, owner, job_id, split=split, **wanted)
    assert (made.status, made.failure_reason) == ("completed", None)
    folder = await download(services, owner, made, tmp_path)
    _, front, body = (folder / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(front)["pretty_name"] == f"x{ODD}\ny"
    assert yaml.safe_load(front)["license_name"] == f"{ODD}, unknown"
    credits = (folder / "ATTRIBUTION.md").read_text()
    for text in (body, credits, (folder / "LICENSES.md").read_text()):
        assert "<script>" not in text.replace("\\<", "")
    assert "(licence: unknown)" in credits
    assert len(credits.strip().split("\n")) == 4 + len(pictures)
    if "labels.yaml" in {file.name for file in made.files}:
        read = yaml.safe_load((folder / "labels.yaml").read_text())
        assert {row["label"] for row in read} == {picture.label for picture in pictures}


async def test_an_image_of_which_too_little_is_known_is_in_no_version(
    services: Services, owner: Principal, make_dataset: MakeDataset
) -> None:
    job_id = await make_dataset([Picture("cat", n) for n in range(7)])
    for change in LOSSES:
        await rows(services.database, change)
    made = await export(services, owner, job_id, format="coco")
    assert (made.status, made.images) == ("completed", 1)


async def status(services: Services, owner: Principal, export_id: int) -> ExportOut:
    async with services.database.transaction() as transaction:
        return await exports.get_export(transaction, owner, export_id)


@pytest.mark.parametrize("kind", ["parquet", "labels"])
async def test_an_image_that_is_deleted_while_it_is_built_ends_it_with_the_reason(
    services: Services, owner: Principal, make_dataset: MakeDataset, kind: str
) -> None:
    job_id = await make_dataset([Picture("cat", n) for n in range(3)])
    ordered = await order(services, owner, job_id, format=kind)
    async with services.database.transaction() as transaction:
        await building.begin(transaction, ordered.id, 1)
        due = await building.list_due(transaction, ordered.id, 1)
    assert due
    if kind == "parquet":  # the images are in it already, the papers are not written
        await services.exports.build(ordered.id, 1, due[0])
    (image, *_) = await rows(services.database, "SELECT id FROM images")
    async with services.database.transaction() as transaction:
        await images.delete_image(transaction, owner, image["id"])
    await build(services, ordered.id)
    ended = await status(services, owner, ordered.id)
    assert ended.status == "failed"
    assert ended.failure_reason == "A stored image of the version is gone: make a new version."
    await send(services)
    assert await blobs_of(services, job_id) == []


@pytest.mark.parametrize(
    "wanted",
    [{"format": "labels", "labels": "csv"}, {"format": "files"}],
    ids=lambda wanted: str(wanted["format"]),
)
async def test_of_what_failed_no_file_stays(
    services: Services, owner: Principal, make_dataset: MakeDataset, wanted: dict[str, Any]
) -> None:
    """The contact sheet needs the image after the labels are written."""
    job_id = await make_dataset([Picture("cat", 1)])
    (image,) = await rows(services.database, "SELECT storage_url AS name FROM images")
    await services.blobs.delete([image["name"]])
    made = await export(services, owner, job_id, **wanted)
    assert made.status == "failed"
    await send(services)
    assert await blobs_of(services, job_id) == []


async def rename(services: Services, owner: Principal, job_id: int, name: str) -> None:
    async with services.database.transaction() as transaction:
        await jobs.update_job(transaction, owner, job_id, JobUpdate(name=name))


async def test_a_dataset_that_is_renamed_has_other_bytes_and_so_another_export(
    services: Services, owner: Principal, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    job_id = await make_dataset([Picture("cat", 1)], name="old")
    # What cannot be edited once the crawl has begun is not the name.
    await rows(services.database, "UPDATE crawl_jobs SET status = 'completed' RETURNING id")
    first = await order(services, owner, job_id, format="parquet")
    await rename(services, owner, job_id, "new")
    await build(services, first.id)
    second = await export(services, owner, job_id, format="parquet")
    assert second.id != first.id
    for made, name in ((await status(services, owner, first.id), "old"), (second, "new")):
        folder = await download(services, owner, made, tmp_path / name)
        assert json.loads((folder / "croissant.json").read_text())["name"] == name
        assert f"# {name}\n" in (folder / "README.md").read_text()


async def test_options_that_the_format_has_no_use_for_make_no_other_export(
    services: Services, owner: Principal, make_dataset: MakeDataset
) -> None:
    job_id = await make_dataset([Picture("cat", 1)])
    plain = await order(services, owner, job_id, format="parquet")
    same = await order(services, owner, job_id, format="parquet", archive="tar.zst", labels="csv")
    assert same.id == plain.id


async def test_the_contact_sheet_shows_images_upright_on_white(
    services: Services, owner: Principal, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    job_id = await make_dataset([Picture("cat", 1)])
    (image,) = await rows(services.database, "SELECT storage_url AS name FROM images")
    buffer = io.BytesIO()
    Image.new("RGBA", (200, 200)).save(buffer, "PNG")
    await services.blobs.put(image["name"], buffer.getvalue(), "image/png")
    made = await export(services, owner, job_id, format="files")
    folder = await download(services, owner, made, tmp_path)
    with Image.open(folder / "contact-sheet.webp") as sheet:
        assert sheet.size == (8 * 128, 128)
        assert sheet.convert("L").getpixel((64, 64)) == 250
