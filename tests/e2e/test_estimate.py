"""An estimate on the running app, held against what the image web has and a crawl then finds."""

import time
from typing import Any

import httpx
import pytest

from scripts.crawl.api import Api
from scripts.devhost.imageweb.catalogue import Catalogue
from scripts.devhost.stack import LocalStack
from tests.crawling import signed_in, start_crawl, wait_for_end

KEYWORDS = ("cat", "dog", "bird")


@pytest.fixture(scope="module")
def estimate(stack: LocalStack) -> dict[str, Any]:
    with signed_in(stack) as api:
        body = {"keywords": list(KEYWORDS), "max_images": 500, "engines": ["openverse", "pexels"]}
        began = time.monotonic()
        answer: dict[str, Any] = api.post("jobs/estimate", body)
        assert time.monotonic() - began < 60  # ten seconds, on a machine that has nothing else
        return answer


def test_counts_what_the_image_web_has(estimate: dict[str, Any], catalogue: Catalogue) -> None:
    measured = {s["keyword"]: s for s in estimate["searches"] if s["basis"] == "measured"}
    assert len(measured) == 2
    for keyword, search in measured.items():
        there = len(catalogue.search(keyword, "openverse"))
        assert (search["total"], search["candidates"]) == (there, there)
        assert sum(part["candidates"] for part in search["licenses"]) == there
    (other,) = [s for s in estimate["searches"] if s["basis"] == "extrapolated"]
    mean = sum(search["candidates"] for search in measured.values()) / 2
    assert abs(other["candidates"] - mean) <= 0.5


def test_tells_which_source_has_no_key(estimate: dict[str, Any]) -> None:
    openverse, pexels = estimate["sources"]
    assert (openverse["status"], openverse["problem"], len(openverse["asked"])) == (
        "answered", None, 2,
    )  # fmt: skip
    assert (pexels["status"], pexels["problem"]) == (
        "not_configured", "PEXELS_API_KEY is not set",
    )  # fmt: skip


def test_a_crawl_finds_about_as_much(stack: LocalStack, api: Api) -> None:
    body = {"keywords": ["cat"], "max_images": 500, "engines": ["wikimedia"]}
    before = api.post("jobs/estimate", body)
    job_id = start_crawl(api, ("cat",), 500, engines=["wikimedia"])
    assert wait_for_end(api, job_id)["status"] == "completed"
    stats = api.get(f"jobs/{job_id}/stats")
    assert before["candidates"] == sum(stats["outcomes"].values())
    stored = stats["outcomes"]["stored"]
    assert abs(before["expected_images"] - stored) <= stored / 2
    known = api.post("jobs/estimate", body)
    assert known["stored"] >= stored / 2
    assert known["credits"]["balance"] == api.get("credits/balance")["balance"]


def test_a_user_may_ask_a_few_times_a_minute(stack: LocalStack) -> None:
    user = stack.info.users[1]
    with Api(stack.info.api_url) as other:
        session = other.post("auth/login", {"email": user.email, "password": user.password})
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    body = {"keywords": ["cat"], "engines": ["pexels"]}
    with httpx.Client(base_url=stack.info.api_url, headers=headers, timeout=60) as http:
        answers = [http.post("/api/v1/jobs/estimate", json=body) for _ in range(14)]
    refused = [answer for answer in answers if answer.status_code != 200]
    # At the turn of a minute two windows have room.
    assert 1 <= len(answers) - len(refused) <= 12
    assert refused
    assert refused[-1].json()["code"] == "rate_limited"
    assert '"estimate_job";q=6;w=60' in refused[-1].headers["ratelimit-policy"]
