"""A training set that touches no picture of the test set, crawled from the same searches."""

from collections.abc import Iterator

import httpx
import pytest

from scripts.crawl.api import Api, ApiError
from scripts.devhost.imageweb.catalogue import Catalogue
from scripts.devhost.stack import LocalStack
from tests.crawling import (
    distinct_pictures,
    pictures_of,
    result_of,
    signed_in,
    start_crawl,
    wait_for_end,
)

KEYWORD = ("cat",)


@pytest.fixture(scope="module")
def api(stack: LocalStack) -> Iterator[Api]:
    with signed_in(stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def evaluation(api: Api) -> int:
    """A dataset called “held out”, with a version."""
    job_id = start_crawl(api, KEYWORD, 12, name="held out")
    assert wait_for_end(api, job_id)["status"] == "completed"
    api.post(f"datasets/{job_id}/versions", {"include_duplicates": False})
    return job_id


def test_no_picture_is_in_both(
    stack: LocalStack, api: Api, catalogue: Catalogue, evaluation: int
) -> None:
    job_id = start_crawl(api, KEYWORD, 500, filters={"exclude_similar_to": ["held out@latest"]})
    assert api.get(f"jobs/{job_id}")["filters"]["exclude_similar_to"] == [f"{evaluation}@1"]
    assert wait_for_end(api, job_id)["status"] == "completed"
    held_out = pictures_of(catalogue, result_of(stack, evaluation))
    found = pictures_of(catalogue, result_of(stack, job_id))
    assert len(held_out) == 12
    assert not held_out & found
    assert held_out | found == dict.fromkeys(distinct_pictures(catalogue, KEYWORD), 1)
    assert api.get(f"jobs/{job_id}/stats")["outcomes"]["excluded_similar"] >= 12
    left_out = [
        rejected
        for event in api.every(f"jobs/{job_id}/logs")
        for rejected in event["data"].get("rejected", ())
        if rejected["outcome"] == "excluded_similar"
    ]
    assert {rejected["detail"] for rejected in left_out} == {f"dataset {evaluation}@1"}


@pytest.mark.parametrize("path", ["jobs", "crawl-jobs"])
def test_a_dataset_that_is_not_there_is_named(api: Api, evaluation: int, path: str) -> None:
    project = api.post("projects", {"name": "exclusions"})
    body = {
        "project_id": project["id"], "name": "a", "keywords": ["cat"], "max_images": 1,
        "start": True, "filters": {"exclude_similar_to": ["held out", "held out@9"]},
    }  # fmt: skip
    with pytest.raises(ApiError, match="held out@9"):
        api.post(path, body)
    assert not api.get("jobs", project_id=project["id"])["data"]


def test_somebody_elses_dataset_is_not_there(stack: LocalStack, evaluation: int) -> None:
    user = stack.info.users[1]
    with Api(stack.info.api_url) as other:
        other.sign_in(user.email, user.password)
        project = other.post("projects", {"name": "exclusions"})
        headers = {"Authorization": other.authorization}
        said = set()
        for reference in (str(evaluation), "2000000000"):
            body = {
                "project_id": project["id"], "name": "a", "keywords": ["cat"], "max_images": 1,
                "filters": {"exclude_similar_to": [reference]},
            }  # fmt: skip
            job_id = other.post("jobs", body)["id"]
            answer = httpx.post(
                f"{stack.info.api_url}/api/v1/jobs/{job_id}/start", headers=headers, timeout=60
            )
            assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
            said.add(answer.json()["detail"].replace(reference, "…"))
        assert len(said) == 1
