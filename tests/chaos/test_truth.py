"""Image webs drawn from other seeds: every candidate ends as it must, whatever goes wrong."""

import tempfile
from pathlib import Path

import pytest

from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from tests.crawling import result_of, signed_in, start_crawl, wait_for_end, wrong_outcomes
from tests.scale import sized

SEEDS = range(7, 7 + sized(1, 10))  # the first is that of all other tests
KEYWORDS = sized(4, 8)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_candidate_ends_as_it_must(seed: int) -> None:
    catalogue = load(seed=seed)
    keywords = catalogue.keywords[-KEYWORDS:]
    with tempfile.TemporaryDirectory(prefix="pixcrawler-truth-") as directory:
        Path(directory).chmod(0o755)
        options = ("--seed", str(seed))
        with (
            LocalStack(Path(directory), image_web_options=options) as stack,
            signed_in(stack) as api,
        ):
            everything = start_crawl(api, keywords, 1000)
            few = start_crawl(api, keywords, 5 * KEYWORDS)
            assert wait_for_end(api, everything)["status"] == "completed"
            assert wrong_outcomes(stack, everything, catalogue, keywords) == []
            assert wait_for_end(api, few)["status"] == "completed"
            images = [keyword for keyword, _ in result_of(stack, few).images]
            assert {keyword: images.count(keyword) for keyword in keywords} == dict.fromkeys(
                keywords, 5
            )
