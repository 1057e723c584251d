"""A dataset from crawl to archive over HTTP, built by the real orchestration on the local host."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from tests.crawling import signed_in, start_crawl, wait_for, wait_for_end

SPLIT = {"train": 60, "val": 20, "test": 20}


@pytest.fixture(scope="module")
def api(stack: LocalStack) -> Iterator[Api]:
    with signed_in(stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def job_id(api: Api) -> int:
    """A crawl that has ended."""
    crawled = start_crawl(api, ("cat", "dog"), 60, name="pets")
    assert wait_for_end(api, crawled)["status"] == "completed"
    return crawled


def ready(api: Api, export_id: int) -> dict[str, Any]:
    """The export when it has ended."""
    ended: dict[str, Any] = wait_for(
        lambda: api.get(f"exports/{export_id}"), lambda e: e["status"] != "running", seconds=120
    )
    return ended


def test_what_was_crawled_comes_as_archives(api: Api, job_id: int) -> None:
    ordered = api.post(f"jobs/{job_id}/exports", {"format": "imagefolder", "split": SPLIT})
    assert ordered["status"] == "running"
    made = ready(api, ordered["id"])
    assert (made["status"], made["progress"], made["failure_reason"]) == ("completed", 100, None)
    images = {i["hash"]: i for i in api.every(f"jobs/{job_id}/images", is_duplicate="false")}
    found: dict[str, str] = {}
    for file in made["files"]:
        content = api.content(f"exports/{made['id']}/download?file={file['name']}")
        digest = hashlib.sha256(content).hexdigest()
        assert (len(content), digest) == (file["bytes"], file["sha256"])
        if file["name"].endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                found |= {
                    name.rpartition("/")[2].partition(".")[0]: name.split("/")[1]
                    for name in archive.namelist()
                    if name.count("/") == 2
                }
    assert found == {sha256: image["label"] for sha256, image in images.items()}
    notified = wait_for(
        lambda: api.get("notifications")["data"],
        lambda all_: any(n["action_url"] == f"/exports/{made['id']}" for n in all_),
    )
    assert notified


def test_a_version_is_listed_compared_and_exported(api: Api, job_id: int) -> None:
    version = api.post(f"datasets/{job_id}/versions", {"split": SPLIT, "include_duplicates": True})
    assert api.get(f"datasets/{job_id}/versions/{version['number']}") == version
    assert version in api.get(f"datasets/{job_id}/versions")["data"]
    assert api.get(f"datasets/{job_id}@latest")["version"] == version
    assert api.get(f"datasets/{job_id}/versions/1/diff")["from_number"] == 0
    listed = api.get("datasets")["data"]
    assert next(d for d in listed if d["id"] == job_id)["last_version"] == version["number"]
    path = f"datasets/{job_id}/versions/{version['number']}/exports"
    made = ready(api, api.post(path, {"format": "webdataset"})["id"])
    assert made["status"] == "completed"
    assert made["splits"] == version["splits"]


def test_the_etag_of_an_export_spares_its_body(api: Api, job_id: int, stack: LocalStack) -> None:
    made = ready(api, api.post(f"jobs/{job_id}/exports", {"format": "labels"})["id"])
    headers = {"Authorization": api.authorization}
    with httpx.Client(base_url=stack.info.api_url, headers=headers, timeout=60) as http:
        first = http.get(f"/api/v1/exports/{made['id']}")
        same = {"If-None-Match": first.headers["etag"]}
        again = http.get(f"/api/v1/exports/{made['id']}", headers=same)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "tiff"}, "format"),
        ({}, "format"),
        ({"format": "imagefolder", "archive": "rar"}, "archive"),
        ({"format": "parquet", "bagit": True}, None),
        ({"format": "labels", "image": {}}, None),
        ({"format": "yolo", "image": {"format": "webp"}}, None),
        ({"format": "parquet", "image": {"format": "original", "quality": 3}}, "image"),
        ({"format": "parquet", "image": {"max_side": 1}}, "max_side"),
        ({"format": "parquet", "image": {"quality": 101}}, "quality"),
        ({"format": "parquet", "split": {"train": -1}}, "train"),
        ({"format": "parquet", "split": {"train": 0}}, "split"),
        ({"format": "parquet", "split": {"seed": 2**40}}, "seed"),
        ({"format": "parquet", "splits": {}}, "splits"),
    ],
)
def test_what_cannot_be_exported_is_explained(
    api: Api, job_id: int, stack: LocalStack, body: dict[str, Any], field: str | None
) -> None:
    headers = {"Authorization": api.authorization}
    url = f"{stack.info.api_url}/api/v1/jobs/{job_id}/exports"
    answer = httpx.post(url, json=body, headers=headers, timeout=60)
    assert answer.status_code == 422
    places = [error["loc"] for error in answer.json()["errors"]]
    assert all(field is None or field in place for place in places)


@pytest.mark.parametrize(
    "name",
    ["%FF", "%ED%A0%80", "a%2Fb", "%0A", "%25", "-1", "9" * 20, "1@" + "9" * 20, "@",
     "%F0%9F%98%80", "x" * 3000, "%EF%BF%BE"],
)  # fmt: skip
def test_a_dataset_of_an_odd_name_is_not_found(api: Api, stack: LocalStack, name: str) -> None:
    headers = {"Authorization": api.authorization}
    with httpx.Client(base_url=stack.info.api_url, headers=headers, timeout=60) as http:
        assert http.get(f"/api/v1/datasets/{name}").status_code == 404
        assert http.get(f"/api/v1/datasets/{name}/report").status_code == 404
        assert http.get(f"/api/v1/datasets/1/export/{name}").status_code == 404
        assert http.get(f"/api/v1/datasets/{name}/versions").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=99999", "size=0&page=1", "size=101&page=1", "limit=0", "limit=-5", "cursor=x",
     "project_id=0", "project_id=9999999999", "page=1e3", "from=2", "page=%00"],
)  # fmt: skip
def test_a_list_of_datasets_says_what_it_does_not_take(
    api: Api, stack: LocalStack, query: str
) -> None:
    headers = {"Authorization": api.authorization}
    answer = httpx.get(f"{stack.info.api_url}/api/v1/datasets?{query}", headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
