"""A job that crawls the URLs its owner lists."""

from urllib.parse import urlsplit

import pytest

from scripts.crawl.api import Api, ApiError
from scripts.devhost.imageweb.catalogue import Catalogue
from scripts.devhost.stack import LocalStack
from tests.crawling import result_of, start_crawl, wait_for_end


def test_keeps_the_good_images_of_a_list_under_their_labels(
    stack: LocalStack, api: Api, catalogue: Catalogue
) -> None:
    truth = catalogue.truth("cat")
    urls = [
        {"url": stack.info.image_web_url + candidate.path, "license": "cc0", "keyword": "a cat"}
        for candidate in truth.candidates
        if truth.outcomes[candidate.path] in ("stored", "http_404")
    ]
    urls.append({"url": "http://169.254.169.254/latest/meta-data"})
    job_id = start_crawl(api, ("thing", "a cat"), 100, engines=["url_list"], urls=urls)
    assert wait_for_end(api, job_id)["status"] == "completed"
    stored = {c.sha256 for c in truth.candidates if truth.outcomes[c.path] == "stored"}
    assert result_of(stack, job_id).images == {("a cat", sha256) for sha256 in stored}
    outcomes = api.get(f"jobs/{job_id}/stats")["outcomes"]
    assert outcomes == {"stored": len(stored), "http_404": 2, "blocked_address": 1}
    image = next(iter(api.every(f"jobs/{job_id}/images")))
    assert (image["engine"], image["license"]) == ("url_list", "cc0")
    assert urlsplit(image["original_url"]).netloc == urlsplit(stack.info.image_web_url).netloc


@pytest.mark.parametrize(
    "fields",
    [
        {"engines": ["url_list"]},
        {"urls": [{"url": "https://example.com/cat.jpg"}]},
        {"engines": ["url_list"], "urls": [{"url": "ftp://example.com/cat.jpg"}]},
        {"engines": ["url_list"], "urls": [{"url": "https://example.com/", "keyword": "dog"}]},
    ],
    ids=["no urls", "no engine", "no web address", "no such keyword"],
)
def test_a_list_that_makes_no_sense_is_refused(api: Api, fields: dict[str, object]) -> None:
    with pytest.raises(ApiError) as caught:
        start_crawl(api, ("cat",), 10, **fields)
    assert caught.value.code == "validation_failed"
