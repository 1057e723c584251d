"""A job with categories, and what is said of its images, over HTTP."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from scripts.crawl.api import Api
from scripts.devhost.imageweb.catalogue import Catalogue
from scripts.devhost.stack import LocalStack
from tests.crawling import start_crawl, wait_for_end


@pytest.fixture
def http(stack: LocalStack, api: Api) -> Iterator[httpx.Client]:
    """The same caller, for what the client has no name for."""
    headers = {"Authorization": api.authorization}
    url = f"{stack.info.api_url}/api/v1/"
    with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        yield client


def errors(answer: httpx.Response) -> list[tuple[list[Any], str]]:
    """What a refusal says of which fields."""
    assert answer.status_code == 422
    return [(error["loc"], error["msg"]) for error in answer.json()["errors"]]


def test_people_say_what_images_show_and_whether_to_keep_them(api: Api, http: httpx.Client) -> None:
    job_id = start_crawl(api, ("cat", "dog", "tree"), 9, categories={"mammal": ["cat", "dog"]})
    assert wait_for_end(api, job_id)["status"] == "completed"
    images = list(api.every(f"jobs/{job_id}/images", is_duplicate="false"))
    assert Counter(image["label"] for image in images) == {"mammal": 6, "tree": 3}
    assert all(image["caption_source"] == image["engine"] for image in images if image["caption"])
    mammals = [image["id"] for image in images if image["label"] == "mammal"]

    first = f"images/{mammals[0]}"
    etag = http.get(first).headers["etag"]
    said = http.patch(first, json={"label": "kitten", "decision": "keep"}).json()
    assert (said["label"], said["labels"], said["decision"]) == ("kitten", ["kitten"], "keep")
    assert said["reviewed_at"].endswith("Z")
    assert http.get(first, headers={"If-None-Match": etag}).json() == said
    assert http.patch(first, json={"label": None}).json()["label"] == "mammal"

    batch = f"jobs/{job_id}/images/batch"
    key = {"Idempotency-Key": f"review-{job_id}"}
    for replayed in (None, "true"):
        answer = http.post(batch, json={"image_ids": mammals, "decision": "drop"}, headers=key)
        assert (answer.status_code, answer.json()) == (200, {"updated": 6})
        assert answer.headers.get("idempotent-replayed") == replayed
    dropped = {image["id"] for image in api.every(f"jobs/{job_id}/images", decision="drop")}
    assert dropped == set(mammals)
    mine = api.get("activity", action="image.reviewed", limit=1)["data"]
    assert mine[0]["metadata"] == {"images": 6, "decision": "drop"}

    missing = http.post(batch, json={"image_ids": [mammals[0], 1_999_999_999], "label": "a"})
    assert errors(missing) == [(["body", "image_ids"], "no images of the job: 1999999999")]
    spelt = http.patch(first, json={"label": "MAMMAL"})
    assert errors(spelt) == [(["body", "label"], "the job calls it: mammal")]


def test_a_picture_that_is_found_under_two_labels_is_listed(
    stack: LocalStack, api: Api, catalogue: Catalogue
) -> None:
    truth = catalogue.truth("cat")
    path = next(c.path for c in truth.candidates if truth.outcomes[c.path] == "stored")
    url = stack.info.image_web_url + path
    urls = [{"url": f"{url}?{keyword}", "keyword": keyword} for keyword in ("cat", "dog", "tree")]
    job_id = start_crawl(
        api, ("cat", "dog", "tree"), 9,
        engines=["url_list"], urls=urls, categories={"mammal": ["cat", "dog"]},
    )  # fmt: skip
    assert wait_for_end(api, job_id)["status"] == "completed"
    (image,) = api.every(f"jobs/{job_id}/images")
    (conflict,) = api.every(f"jobs/{job_id}/images/conflicts")
    assert {conflict.pop("label"), conflict.pop("other_label")} == {"mammal", "tree"}
    assert conflict == {"image_id": image["id"], "other_image_id": None, "kind": "exact"}


@pytest.mark.parametrize("categories", [{"mammal": ["bat"]}, {"a\n": ["cat"], "TREE": ["cat"]}])
def test_categories_that_make_no_sense_are_refused(
    api: Api, http: httpx.Client, categories: dict[str, list[str]]
) -> None:
    project = api.post("projects", {"name": "categories"})["id"]
    job = {"project_id": project, "name": "a", "keywords": ["cat", "tree"]}
    refused = http.post("jobs", json={**job, "categories": categories})
    assert {tuple(loc[:2]) for loc, _ in errors(refused)} == {("body", "categories")}
