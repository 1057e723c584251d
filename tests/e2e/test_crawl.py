"""A crawl through the API, from keywords to images, on the real host, database and storage."""

import hashlib
import json
from collections import Counter

import httpx
import pytest

from scripts.crawl.api import Api, ApiError
from scripts.devhost.imageweb.catalogue import SOURCES, Catalogue
from scripts.devhost.stack import LocalStack
from tests.crawling import (
    distinct_pictures,
    pictures_of,
    result_of,
    start_crawl,
    wait_for,
    wait_for_end,
    wrong_outcomes,
)

LONG = 12  # keywords of a crawl that is still under way when its first image has been seen


def crawl_under_way(api: Api, keywords: tuple[str, ...]) -> int:
    """A job that has some of its images and is far from having them all."""
    job_id = start_crawl(api, keywords, 1000)
    wait_for(
        lambda: api.get(f"jobs/{job_id}/progress"), lambda p: p["valid_images"] > 0, seconds=60
    )
    return job_id


class TestCrawl:
    def test_keeps_every_distinct_good_picture_once(
        self, stack: LocalStack, api: Api, catalogue: Catalogue
    ) -> None:
        keywords = catalogue.keywords[:3]
        before = api.get("credits/balance")
        job_id = start_crawl(api, keywords, 500)
        assert wait_for_end(api, job_id)["status"] == "completed"
        result = result_of(stack, job_id)
        assert pictures_of(catalogue, result) == dict.fromkeys(
            distinct_pictures(catalogue, keywords), 1
        )
        assert (result.orphans, result.lost_blobs) == (frozenset(), frozenset())
        assert result.charged == result.rows
        after = api.get("credits/balance")
        assert before["balance"] - after["balance"] == result.rows
        assert after["reserved"] == 0

    def test_every_candidate_ends_as_it_must(
        self, stack: LocalStack, api: Api, catalogue: Catalogue
    ) -> None:
        keyword = catalogue.keywords[3]
        job_id = start_crawl(api, (keyword,), 500)
        wait_for_end(api, job_id)
        assert wrong_outcomes(stack, job_id, catalogue, (keyword,)) == []
        stats = api.get(f"jobs/{job_id}/stats")
        assert stats["outcomes"] == dict(catalogue.truth(keyword).counts)

    def test_meets_the_quota_exactly(self, stack: LocalStack, api: Api) -> None:
        job_id = start_crawl(api, ("cat",), 7)
        progress = wait_for_end(api, job_id)
        assert (progress["status"], progress["valid_images"]) == ("completed", 7)
        result = result_of(stack, job_id)
        assert (result.rows, result.charged, result.orphans) == (7, 7, frozenset())

    def test_shares_the_images_out_among_the_keywords(self, stack: LocalStack, api: Api) -> None:
        job_id = start_crawl(api, ("cat", "dog", "no such thing anywhere"), 25)
        assert wait_for_end(api, job_id)["valid_images"] == 25
        images = Counter(keyword for keyword, _ in result_of(stack, job_id).images)
        assert sorted(images.items()) == [("cat", 13), ("dog", 12)]

    def test_an_unknown_keyword_completes_empty_and_says_so(
        self, stack: LocalStack, api: Api
    ) -> None:
        job_id = start_crawl(api, ("no such thing anywhere",), 10)
        progress = wait_for_end(api, job_id)
        assert (progress["status"], progress["valid_images"]) == ("completed", 0)
        messages = [event["message"] for event in api.every(f"jobs/{job_id}/logs")]
        assert any("No images were found" in message for message in messages)
        assert result_of(stack, job_id).charged == 0

    def test_tells_its_owner_once(self, stack: LocalStack, api: Api) -> None:
        job_id = start_crawl(api, ("cat",), 1)
        wait_for_end(api, job_id)
        wait_for(lambda: result_of(stack, job_id).notifications, lambda count: count == 1)

    def test_images_carry_their_provenance_and_bytes(self, api: Api) -> None:
        job_id = start_crawl(api, ("cat",), 3, engines=["openverse"])
        wait_for_end(api, job_id)
        images = list(api.every(f"jobs/{job_id}/images", is_duplicate="false"))
        assert len(images) == 3
        for image in images:
            assert image["keyword"] == "cat"
            assert image["engine"] == "openverse"
            assert image["license"]
            assert image["creator"]
            assert image["source_page_url"].startswith("http")
            content = api.content(f"images/{image['id']}/download")
            assert hashlib.sha256(content).hexdigest() == image["hash"]
            assert len(content) == image["file_size"]

    @pytest.mark.parametrize("engine", SOURCES)
    def test_whoever_asks_again_finds_the_proof_of_a_licence(self, api: Api, engine: str) -> None:
        job_id = start_crawl(api, ("cat",), 3, engines=[engine])
        wait_for_end(api, job_id)
        images = list(api.every(f"jobs/{job_id}/images", is_duplicate="false"))
        assert len(images) == 3
        for image in images:
            proof = image["license_proof"]
            said = httpx.get(proof["address"])
            assert hashlib.sha256(said.content).hexdigest() == proof["sha256"]
            words = proof["stated"].split() if engine == "openverse" else [proof["stated"]]
            assert all(json.dumps(word) in said.text for word in words)
            assert json.dumps(image["original_url"]) in said.text


class TestStop:
    def test_ends_at_once_and_leaves_nothing_half_done(
        self, stack: LocalStack, api: Api, catalogue: Catalogue
    ) -> None:
        job_id = crawl_under_way(api, catalogue.keywords[:LONG])
        assert api.post(f"jobs/{job_id}/stop")["status"] == "cancelled"
        assert api.post(f"jobs/{job_id}/cancel")["status"] == "cancelled"
        kept = api.get(f"jobs/{job_id}")["valid_images"]
        result = result_of(stack, job_id)
        assert (result.rows, result.charged, result.unsettled_holds) == (kept, kept, 0)
        assert not result.orphans

    def test_a_retry_crawls_what_is_missing(
        self, stack: LocalStack, api: Api, catalogue: Catalogue
    ) -> None:
        keywords = catalogue.keywords[:LONG]
        job_id = crawl_under_way(api, keywords)
        api.post(f"jobs/{job_id}/stop")
        api.post(f"jobs/{job_id}/retry")
        assert wait_for_end(api, job_id)["status"] == "completed"
        result = result_of(stack, job_id)
        assert pictures_of(catalogue, result) == dict.fromkeys(
            distinct_pictures(catalogue, keywords), 1
        )
        assert result.charged == result.rows

    def test_what_has_ended_cannot_be_stopped(self, api: Api) -> None:
        job_id = start_crawl(api, ("cat",), 1)
        wait_for_end(api, job_id)
        with pytest.raises(ApiError) as caught:
            api.post(f"jobs/{job_id}/stop")
        assert caught.value.code == "job_not_running"
