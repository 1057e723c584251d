"""Images that storage has archived, over HTTP and the real orchestration."""

from typing import Any

import httpx
import pytest
from azure.storage.blob import ContainerClient

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from tests.crawling import CONTAINER, start_crawl, wait_for, wait_for_end


@pytest.fixture
def job_id(api: Api) -> int:
    """A crawl that has ended."""
    crawled = start_crawl(api, ("cat",), 10)
    assert wait_for_end(api, crawled)["status"] == "completed"
    return crawled


def archive(stack: LocalStack, api: Api, job_id: int) -> None:
    """Does what storage's lifecycle does with images that nobody reads.

    Not with all blobs that there are: orphans may be about to be swept.
    """
    images = api.every(f"jobs/{job_id}/images")
    names = [f"jobs/{job_id}/images/{image['filename']}" for image in images]
    connection = stack.info.storage_connection_string
    with ContainerClient.from_connection_string(connection, CONTAINER) as container:
        container.set_standard_blob_tier_blobs("Archive", *names)


def test_a_download_is_accepted_and_later_there(stack: LocalStack, api: Api, job_id: int) -> None:
    (image, *_) = api.every(f"jobs/{job_id}/images")
    with httpx.Client(
        base_url=f"{stack.info.api_url}/api/v1/", headers={"Authorization": api.authorization},
        timeout=60,
    ) as http:  # fmt: skip
        for kind in ("download", "thumbnail"):
            archive(stack, api, job_id)
            accepted = http.get(f"images/{image['id']}/{kind}")
            assert (accepted.status_code, accepted.json()["status"]) == (202, "restoring")
            assert int(accepted.headers["retry-after"]) > 0
            there = http.get(f"images/{image['id']}/{kind}")
            assert there.status_code == 302
            assert httpx.get(there.headers["location"]).status_code == 200
        archive(stack, api, job_id)
        assert http.get(f"images/{image['id']}/thumbnail").status_code == 302


@pytest.mark.parametrize("wanted", [{"format": "imagefolder"}, {"format": "labels"}])
def test_an_export_completes_by_itself_with_the_same_bytes(
    stack: LocalStack, api: Api, job_id: int, wanted: dict[str, str]
) -> None:
    before = built(api, job_id, wanted)
    archive(stack, api, job_id)
    assert built(api, job_id, wanted) == before


def built(api: Api, job_id: int, wanted: dict[str, str]) -> list[dict[str, Any]]:
    """The files of an export that was waited for, and is deleted again."""
    ordered = api.post(f"jobs/{job_id}/exports", wanted)
    ended = wait_for(
        lambda: api.get(f"exports/{ordered['id']}"),
        lambda export: export["status"] != "running",
        seconds=60,
    )
    assert (ended["status"], ended["restoring"]) == ("completed", False)
    api.delete(f"exports/{ordered['id']}")
    return list(ended["files"])
