"""Starting with what the balance allows, and starts whose body is left out."""

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from scripts.crawl.api import Api, ApiError
from scripts.devhost.stack import LocalStack
from tests.crawling import wait_for_end


@pytest.fixture
def poor(stack: LocalStack) -> Iterator[Api]:
    """Somebody who has the sign-up bonus and nothing else."""
    user = stack.info.users[1]
    with Api(stack.info.api_url) as api:
        api.sign_in(user.email, user.password)
        yield api


def limit_month(stack: LocalStack, api: Api, credits: int | None) -> None:
    change = {"monthly_limit_enforced": False} if credits is None else {"monthly_limit": credits}
    httpx.patch(
        f"{stack.info.api_url}/api/v1/credits/settings",
        json=change,
        headers={"Authorization": api.authorization},
        timeout=60,
    ).raise_for_status()


def make_job(api: Api, max_images: int) -> int:
    project = api.post("projects", {"name": "clamped"})
    body = {
        "project_id": project["id"], "name": "clamped", "keywords": ["cat"],
        "max_images": max_images, "engines": ["openverse"],
    }  # fmt: skip
    return int(api.post("jobs", body)["id"])


def test_more_than_the_balance_starts_for_what_there_is(stack: LocalStack, poor: Api) -> None:
    spent = poor.get("credits/balance")["monthly_usage"]
    limit_month(stack, poor, spent + 5)
    job_id = make_job(poor, 12)
    with pytest.raises(ApiError, match="limit"):
        poor.post(f"jobs/{job_id}/start", {})
    started = poor.post(f"jobs/{job_id}/start", {"clamp_to_balance": True})
    assert (started["max_images"], started["clamped_to"]) == (12, 5)
    ended = wait_for_end(poor, job_id)
    assert (ended["status"], ended["valid_images"], ended["progress"]) == ("completed", 5, 100)
    said = [event["message"] for event in poor.every(f"jobs/{job_id}/logs")]
    assert any("stops at 5 of 12 images" in message for message in said)
    limit_month(stack, poor, None)
    assert poor.post(f"jobs/{job_id}/retry", {})["clamped_to"] is None
    assert wait_for_end(poor, job_id)["valid_images"] == 12


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, "", 202),
        ({"content-type": "application/json"}, "", 202),
        ({"content-type": "application/json"}, "{}", 202),
        ({"content-type": "application/json"}, '{"clamp": true}', 422),
        ({"content-type": "application/json"}, "null", 422),
        ({"content-type": "text/plain"}, "x", 415),
    ],
)
def test_a_body_may_be_left_out(
    stack: LocalStack, poor: Api, headers: dict[str, str], body: str, status: int
) -> None:
    job_id = make_job(poor, 1)
    connection = http.client.HTTPConnection(urlsplit(stack.info.api_url).netloc, timeout=60)
    signed = {**headers, "authorization": poor.authorization}
    connection.request("POST", f"/api/v1/jobs/{job_id}/start", body, signed)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    assert answer.status == status, document
    if status == 202:
        poor.post(f"jobs/{job_id}/stop", {})
