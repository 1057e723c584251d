"""A list that its owner uploads, and the jobs that crawl it."""

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from azure.storage.blob import ContainerClient

from scripts.crawl.api import Api, ApiError
from scripts.devhost.imageweb.catalogue import Catalogue
from scripts.devhost.stack import LocalStack
from tests.crawling import CONTAINER, result_of, start_crawl, wait_for, wait_for_end


def upload(api: Api, content: bytes, filename: str, kind: str = "url_list") -> dict[str, Any]:
    """The upload of a file, when it was read."""
    made = api.post("uploads", {"kind": kind, "filename": filename, "size": len(content)})
    target = made["target"]
    sent = httpx.request(
        target["method"], target["url"], content=content, headers=target["headers"], timeout=60
    )
    assert sent.status_code == 201
    api.post(f"uploads/{made['id']}/complete")
    ended: dict[str, Any] = wait_for(
        lambda: api.get(f"uploads/{made['id']}"),
        lambda seen: seen["status"] not in ("pending", "running"),
        seconds=120,
    )
    return ended


Rows = list[dict[str, str | None]]


def as_csv(rows: Rows) -> bytes:
    lines = ["URL,TEXT,LICENSE,label"]
    lines += [f"{row['url']},{row['caption']},{row['license']},{row['label']}" for row in rows]
    return gzip.compress("\n".join(lines).encode())


def as_parquet(rows: Rows) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), written)
    return written.getvalue()


FORMS: dict[str, Callable[[Rows], bytes]] = {
    "list.csv.gz": as_csv,
    "list.jsonl": lambda rows: "\n".join(map(json.dumps, rows)).encode(),
    "list.parquet": as_parquet,
}


@pytest.mark.parametrize("filename", FORMS)
def test_is_crawled_under_its_labels(
    stack: LocalStack, api: Api, catalogue: Catalogue, filename: str
) -> None:
    truths = {label: catalogue.truth(label) for label in ("cat", "car")}
    rows: Rows = [
        {
            "url": stack.info.image_web_url + candidate.path,
            "caption": f"one {label}",
            "license": "CC BY 4.0",
            "label": label,
        }
        for label, truth in truths.items()
        for candidate in truth.candidates
        if truth.outcomes[candidate.path] in ("stored", "http_404")
    ]
    bad = {"caption": "none", "license": "cc0", "label": "cat"}
    rows += [{"url": "http://10.0.0.1/", **bad}, dict(rows[0])]
    list_ = upload(api, FORMS[filename](rows), filename)
    assert (list_["status"], list_["records"]) == ("completed", len(rows))
    assert list_["rejected"] == {"blocked_address": 1, "duplicate": 1}
    assert list_["labels"].keys() == truths.keys()
    project = api.post("projects", {"name": "uploads"})
    job = api.post(
        "jobs",
        {
            "project_id": project["id"], "name": "mine", "max_images": 200, "start": True,
            "engines": ["url_list"], "upload_id": list_["id"],
        },
    )  # fmt: skip
    assert sorted(job["keywords"]) == sorted(truths)
    assert job["upload_id"] == list_["id"]
    assert wait_for_end(api, job["id"])["status"] == "completed"
    stored = {
        (label, candidate.sha256)
        for label, truth in truths.items()
        for candidate in truth.candidates
        if truth.outcomes[candidate.path] == "stored"
    }
    assert result_of(stack, job["id"]).images == stored
    image = next(iter(api.every(f"jobs/{job['id']}/images")))
    assert (image["engine"], image["license"]) == ("url_list", "by")
    assert image["caption"] == f"one {image['label']}"
    (read,) = [e for e in api.every(f"jobs/{job['id']}/logs") if e["event"] == "list.read"]
    assert read["data"]["rejected"] == list_["rejected"]
    assert [problem["reason"] for problem in read["data"]["problems"]] == [
        "blocked_address",
        "duplicate",
    ]
    api.delete(f"uploads/{list_['id']}")


def zipped(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return written.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return written.getvalue()


@pytest.mark.parametrize(("filename", "pack"), [("mine.zip", zipped), ("mine.tar", tarred)])
def test_pictures_are_judged_as_if_they_were_crawled(
    stack: LocalStack,
    api: Api,
    catalogue: Catalogue,
    filename: str,
    pack: Callable[[dict[str, bytes]], bytes],
) -> None:
    files: dict[str, bytes] = {}
    stored = set()
    for label in ("cat", "car"):
        truth = catalogue.truth(label)
        for number, candidate in enumerate(truth.candidates):
            if truth.outcomes[candidate.path] == "stored":
                body = httpx.get(stack.info.image_web_url + candidate.path).content
                if hashlib.sha256(body).hexdigest() != candidate.sha256:
                    continue  # it answers a second time only
                files[f"train/{label}/{number}.jpg"] = body
                stored.add((label, candidate.sha256))
    first = next(iter(files.values()))
    files |= {
        "train/cat/copy.jpg": first, "train/cat/broken.jpg": first[: len(first) // 2],
        "readme.txt": b"mine", "../escapes.jpg": first,
    }  # fmt: skip
    made = upload(api, pack(files), filename, "images")
    assert (made["status"], made["rows"]) == ("completed", len(stored) + 2)
    assert made["rejected"] == {"not_an_image": 1, "bad_name": 1}
    project = api.post("projects", {"name": "uploads"})
    job = api.post(
        "jobs",
        {
            "project_id": project["id"], "name": "mine", "max_images": 200, "start": True,
            "engines": ["url_list"], "upload_id": made["id"],
        },
    )  # fmt: skip
    assert wait_for_end(api, job["id"])["status"] == "completed"
    assert result_of(stack, job["id"]).images == stored
    outcomes = api.get(f"jobs/{job['id']}/stats")["outcomes"]
    assert outcomes == {"stored": len(stored), "exact_duplicate": 1, "truncated": 1}
    image = next(iter(api.every(f"jobs/{job['id']}/images")))
    assert f"/train/{image['label']}/" in image["original_url"]
    api.delete(f"uploads/{made['id']}")
    folder = image["original_url"].removeprefix("upload://").partition("/")[0]
    connection = stack.info.storage_connection_string
    with ContainerClient.from_connection_string(connection, CONTAINER) as container:
        left = wait_for(
            lambda: list(container.list_blob_names(name_starts_with=f"uploads/{folder}/")),
            lambda names: names == [],
        )
    assert left == []


def test_that_cannot_be_used_says_why(api: Api) -> None:
    failed = upload(api, b"caption,label\na,b\n", "list.csv")
    assert failed["status"] == "failed"
    assert failed["failure_reason"].startswith("No column is called url")
    with pytest.raises(ApiError) as caught:
        start_crawl(api, ("cat",), 5, engines=["url_list"], upload_id=failed["id"])
    assert caught.value.code == "upload_not_ready"
    api.delete(f"uploads/{failed['id']}")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "url_list", "filename": "l", "size": 200 * 2**20 + 1},
        {"kind": "url_list", "filename": "l", "size": 0},
        {"kind": "url_list", "filename": " ", "size": 1},
        {"kind": "other", "filename": "l", "size": 1},
    ],
)
def test_that_would_be_none_is_refused(api: Api, fields: dict[str, object]) -> None:
    with pytest.raises(ApiError) as caught:
        api.post("uploads", fields)
    assert caught.value.code == "validation_failed"
