"""A dataset on disk: a folder for each label, whatever the keyword was."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from scripts.crawl.api import Api, ApiError
from scripts.crawl.dataset import save_dataset

UNKNOWN = dict.fromkeys(
    ("width", "height", "file_size", "original_url", "engine", "source_page_url", "creator",
     "license", "license_url", "license_proof", "attribution")
)  # fmt: skip
LABELS = {1: "crash test", 2: "mammal", 3: "mammal"}


class Images:
    """The API of a job with one image for each number, whose bytes say it."""

    def every(self, path: str, **_: str) -> list[dict[str, Any]]:
        return [self.image(number) for number in LABELS]

    def image(self, number: int) -> dict[str, Any]:
        digest = sha256(f"images/{number}/download".encode()).hexdigest()
        return {
            **UNKNOWN, "id": number, "keyword": f"keyword {number}", "label": LABELS[number],
            "filename": f"{digest}.jpeg", "hash": digest,
        }  # fmt: skip

    def content(self, path: str) -> bytes:
        return path.encode()


def test_images_are_in_the_folders_of_their_labels(tmp_path: Path) -> None:
    job = {"id": 1, "name": "job", "keywords": ["a"]}
    rows = save_dataset(cast(Api, Images()), job, tmp_path, advance=lambda: None)
    written = (tmp_path / "metadata.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in written] == rows
    assert [(row["file_name"].partition("/")[0], row["label"]) for row in rows] == [
        ("crash Test", "crash test"), ("mammal", "mammal"), ("mammal", "mammal"),
    ]  # fmt: skip
    for row in rows:
        assert sha256((tmp_path / row["file_name"]).read_bytes()).hexdigest() == row["sha256"]


def test_an_image_that_storage_has_still_to_bring_back_is_not_taken_for_its_bytes() -> None:
    def restoring(_: httpx.Request) -> httpx.Response:
        return httpx.Response(202, json={"status": "restoring", "detail": "It takes 15 hours."})

    with Api("http://service.example", key="k") as api:
        api._http = httpx.Client(transport=httpx.MockTransport(restoring), base_url="http://a/")
        with pytest.raises(ApiError, match="It takes 15 hours") as refused:
            api.content("images/1/download")
    assert refused.value.code == "restoring"


def test_proof_of_the_licence_stands_beside_it(tmp_path: Path) -> None:
    class Proven(Images):
        def image(self, number: int) -> dict[str, Any]:
            proof = {
                "stated": "by 2.0",
                "address": "https://a.example/?q=cat",
                "at": "2026-11-30T12:00:00Z",
                "sha256": "ab",
            }
            return super().image(number) | {"license_proof": proof}

    job = {"id": 1, "name": "job", "keywords": ["a"]}
    (row, *_) = save_dataset(cast(Api, Proven()), job, tmp_path, advance=lambda: None)
    assert {name: row[name] for name in row if name.startswith(("license_s", "license_a"))} == {
        "license_stated": "by 2.0",
        "license_answer_url": "https://a.example/?q=cat",
        "license_answer_date": "2026-11-30T12:00:00Z",
        "license_answer_sha256": "ab",
    }
