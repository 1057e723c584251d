"""What the sources make of their APIs' answers, good and bad."""

import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from shared.sources.api import MOST_BYTES, MOST_RESULTS, usable
from shared.sources.source import Candidate, SourceUnavailable
from tests.unit.sources.fixtures import (
    COMMONS,
    COMMONS_LAG,
    COMMONS_NOTHING,
    OPENVERSE,
    commons_file,
)
from tests.unit.sources.network import GOOD, OPEN, Answer, Network

openverse, wikimedia = OPEN["openverse"], OPEN["wikimedia"]
WITHOUT_RESULTS = dict.fromkeys(["results", "query", "photos", "hits", "items"], 7)


class TestOpenverse:
    async def test_result_becomes_a_candidate(self) -> None:
        network = Network(httpx.Response(200, json=OPENVERSE))
        page = await openverse(network.api).search("tabby cat", None)
        assert page.candidates[0] == Candidate(
            url="https://live.staticflickr.com/1/678_b.jpg",
            source_page_url="https://www.flickr.com/photos/12345@N00/678",
            creator="Jane Doe",
            license="by-sa",
            license_url="https://creativecommons.org/licenses/by-sa/2.0/",
            attribution=OPENVERSE["results"][0]["attribution"],
            title="Tabby cat",
            license_stated="by-sa 2.0",
        )
        assert page.next_cursor == "2"
        assert dict(network.requests[0].url.params) == {
            "q": "tabby cat", "page": "1", "page_size": "20",
        }  # fmt: skip
        assert network.requests[0].url.path == "/v1/images/"
        assert network.requests[0].headers["user-agent"] == "Test/1"

    async def test_missing_attribution_is_written(self) -> None:
        network = Network(httpx.Response(200, json=OPENVERSE))
        page = await openverse(network.api).search("cat", None)
        assert page.candidates[1].attribution == (
            "This work is marked with CC0 1.0. To view the terms, visit "
            "https://creativecommons.org/publicdomain/zero/1.0/."
        )

    @pytest.mark.parametrize(
        ("cursor", "pages", "expected"),
        [(None, 1, None), (None, 0, None), ("2", 3, "3"), ("3", 3, None), ("12", 500, None)],
    )
    async def test_pages_end_with_the_results_and_at_the_anonymous_depth(
        self, cursor: str | None, pages: int, expected: str | None
    ) -> None:
        network = Network(httpx.Response(200, json=OPENVERSE | {"page_count": pages}))
        assert (await openverse(network.api).search("cat", cursor)).next_cursor == expected

    async def test_unusable_results_are_left_out(self) -> None:
        good = OPENVERSE["results"][0]
        results = [
            None, 7, {}, good | {"url": None}, good | {"url": "javascript:alert(1)"},
            good | {"license": None}, good | {"url": "https://a.example/" + "x" * 5000},
            good | {"license": 4}, good,
        ]  # fmt: skip
        network = Network(httpx.Response(200, json=OPENVERSE | {"results": results}))
        assert len((await openverse(network.api).search("cat", None)).candidates) == 1

    async def test_words_fit_the_database(self) -> None:
        result = OPENVERSE["results"][0] | {"title": "a\0b " + "c" * 5000}
        network = Network(httpx.Response(200, json=OPENVERSE | {"results": [result]}))
        (candidate,) = (await openverse(network.api).search("cat", None)).candidates
        assert candidate.title == "ab " + "c" * 997


class TestWikimedia:
    async def test_files_become_candidates_in_order_of_rank(self) -> None:
        network = Network(httpx.Response(200, json=COMMONS))
        page = await wikimedia(network.api).search("tabby cat", None)
        assert [candidate.title for candidate in page.candidates] == ["Cat 1", "Cat 2"]
        assert page.candidates[0] == Candidate(
            url="https://upload.wikimedia.org/wikipedia/commons/a/ab/Cat_1.jpg",
            source_page_url="https://commons.wikimedia.org/wiki/File:Cat_1.jpg",
            creator="Jane & John",
            license="by-sa",
            license_url="https://creativecommons.org/licenses/by-sa/4.0",
            attribution='"Cat 1" by Jane & John is licensed under CC BY-SA 4.0. To view a copy of'
            " this license, visit https://creativecommons.org/licenses/by-sa/4.0.",
            title="Cat 1",
            license_stated="CC BY-SA 4.0",
        )
        assert network.requests[0].url.params["gsrsearch"] == "tabby cat filetype:bitmap"
        assert network.requests[0].url.params["gsrnamespace"] == "6"

    @pytest.mark.parametrize("original", [{"size": 20_000_000}, {"width": 9_000, "height": 6_000}])
    async def test_copy_is_taken_where_the_original_is_too_much(
        self, original: dict[str, int]
    ) -> None:
        for info, url in (({}, "Cat_1.jpg"), (original, "1920px.jpg")):
            file = commons_file(1, thumburl="https://a.example/1920px.jpg", **info)
            network = Network(httpx.Response(200, json={"query": {"pages": [file]}}))
            (candidate,) = (await wikimedia(network.api).search("cat", None)).candidates
            assert candidate.url.endswith(url)

    async def test_continuation_is_sent_back(self) -> None:
        network = Network(httpx.Response(200, json=COMMONS))
        source = wikimedia(network.api)
        cursor = (await source.search("cat", None)).next_cursor
        await source.search("cat", cursor)
        parameters = network.requests[1].url.params
        assert (parameters["gsroffset"], parameters["continue"]) == ("50", "gsroffset||")

    @pytest.mark.parametrize("answer", COMMONS_NOTHING)
    async def test_nothing_found_is_an_empty_last_page(self, answer: dict[str, Any]) -> None:
        network = Network(httpx.Response(200, json=answer))
        page = await wikimedia(network.api).search("xyzzy", None)
        assert (page.candidates, page.next_cursor) == ((), None)

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("cc-by-4.0", "by"), ("cc-by-sa-3.0-de", "by-sa"), ("cc-by-nc-nd-2.0", "by-nc-nd"),
            ("cc0", "cc0"), ("cc-zero", "cc0"), ("pd", "pdm"), ("pd-old-100", "pdm"),
            ("Public domain", "pdm"), ("gfdl", "gfdl"), ("CC BY-SA 4.0", "by-sa"),
        ],
    )  # fmt: skip
    async def test_licences_have_openverses_codes(self, name: str, code: str) -> None:
        file = commons_file(1, extmetadata={"License": {"value": name}})
        network = Network(httpx.Response(200, json={"query": {"pages": [file]}}))
        (candidate,) = (await wikimedia(network.api).search("cat", None)).candidates
        assert (candidate.license, candidate.license_stated) == (code, name)

    async def test_bare_file_has_a_title(self) -> None:
        file = commons_file(1, extmetadata={})
        network = Network(httpx.Response(200, json={"query": {"pages": [file]}}))
        (candidate,) = (await wikimedia(network.api).search("cat", None)).candidates
        assert (candidate.title, candidate.creator) == ("Cat number 1", None)
        assert (candidate.license, candidate.license_url) == ("unknown", None)
        assert candidate.license_stated is None

    @pytest.mark.parametrize("told", ["\ud800", "x" * 100_000])
    async def test_continuation_that_cannot_be_asked_for(self, told: str) -> None:
        text = json.dumps(COMMONS | {"continue": {"gsroffset": told}})
        source = wikimedia(Network(httpx.Response(200, text=text)).api)
        cursor = (await source.search("cat", None)).next_cursor
        with pytest.raises(SourceUnavailable, match="cannot be asked for"):
            await source.search("cat", cursor)

    async def test_tags_that_never_end_cost_no_time(self) -> None:
        told = {name: {"value": "<" * 1_000} for name in ("Artist", "ObjectName", "LicenseUrl")}
        files = [commons_file(number, extmetadata=told) for number in range(1_000)]
        network = Network(httpx.Response(200, json={"query": {"pages": files}}))
        started = time.thread_time()
        assert len((await wikimedia(network.api).search("cat", None)).candidates) == len(files)
        assert time.thread_time() - started < 1

    async def test_lagging_cluster_is_asked_again(self) -> None:
        network = Network(
            httpx.Response(200, json=COMMONS_LAG, headers={"retry-after": "0"}),
            httpx.Response(200, json=COMMONS),
        )
        assert len((await wikimedia(network.api).search("cat", None)).candidates) == 2


@pytest.mark.parametrize("name", OPEN)
class TestTrouble:
    @pytest.mark.parametrize(
        "first",
        [
            httpx.Response(500), httpx.Response(429, headers={"retry-after": "0"}),
            httpx.ConnectError("refused"), httpx.ReadTimeout("slow"),
        ],
    )  # fmt: skip
    async def test_passing_trouble_is_overcome(self, name: str, first: Answer) -> None:
        network = Network(first, httpx.Response(200, json=GOOD[name]))
        assert (await OPEN[name](network.api).search("cat", None)).candidates
        assert len(network.requests) == 2

    @pytest.mark.parametrize(
        ("answer", "reason", "requests"),
        [
            (httpx.Response(503), "status 503", 3),
            (httpx.Response(429), "status 429", 3),
            (httpx.Response(429, headers={"retry-after": "3600"}), "status 429", 1),
            (httpx.Response(403), "status 403", 1),
            (httpx.Response(302, headers={"location": "http://127.0.0.1/"}), "status 302", 1),
            (httpx.ConnectError("refused"), "ConnectError", 3),
            (httpx.Response(200, text="<html>"), "not JSON", 1),
            (httpx.Response(200, text="[" * 100_000), "not JSON", 1),
            (httpx.Response(200, text="[1, 2]"), "not a JSON object", 1),
            (httpx.Response(200, json=WITHOUT_RESULTS), "an answer without", 1),
            (httpx.Response(200, json={"error": {"code": "badvalue"}}), "badvalue", 1),
            # What the database does not take.
            (httpx.Response(200, text=r'{"error": {"code": "b\u0000\ud800d"}}'), "^bd$", 1),
        ],
    )
    async def test_lasting_trouble_is_named(
        self, name: str, answer: Answer, reason: str, requests: int
    ) -> None:
        network = Network(answer)
        with pytest.raises(SourceUnavailable, match=reason):
            await OPEN[name](network.api).search("cat", None)
        assert len(network.requests) == requests

    async def test_endless_answer_is_cut_off(self, name: str) -> None:
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            while True:
                sent += 65536
                yield b" " * 65536

        network = Network(httpx.Response(200, content=endless()))
        with pytest.raises(SourceUnavailable, match="more than"):
            await OPEN[name](network.api).search("cat", None)
        assert sent <= MOST_BYTES + 65536

    async def test_answer_that_is_compressed_twice_is_not_read(self, name: str) -> None:
        async def bomb() -> AsyncIterator[bytes]:
            raise AssertionError
            yield b""

        headers = {"content-encoding": "gzip, gzip"}
        network = Network(httpx.Response(200, headers=headers, content=bomb()))
        with pytest.raises(SourceUnavailable, match="twice"):
            await OPEN[name](network.api).search("cat", None)

    @pytest.mark.parametrize("junk", [None, 7, "text", [], {}, [None], {"pages": {}}, True])
    async def test_junk_in_any_place_is_no_crash(self, name: str, junk: Any) -> None:
        for field in GOOD[name]:
            text = json.dumps(GOOD[name] | {field: junk})
            network = Network(httpx.Response(200, text=text))
            with contextlib.suppress(SourceUnavailable):
                await OPEN[name](network.api).search("cat", None)


def test_no_more_results_are_looked_at_than_a_page_has() -> None:
    class Result(BaseModel):
        pass

    found = usable(Result, [{}] * (MOST_RESULTS + 1))
    assert len(found) == MOST_RESULTS


TOTALS = {
    "openverse": 240,
    "wikimedia": 4321,
    "flickr": 260,
    "pexels": 10_000,
    "pixabay": 500,
    "unsplash": 133,
    "google": 82_100_000,
}
# Where each answer says how many results there are.
SAID: dict[str, tuple[str, ...]] = {
    "openverse": ("result_count",),
    "wikimedia": ("query", "searchinfo", "totalhits"),
    "flickr": ("photos", "total"),
    "pexels": ("total_results",),
    "unsplash": ("total",),
    "google": ("searchInformation", "totalResults"),
}


class TestTotal:
    @pytest.mark.parametrize("name", OPEN)
    async def test_is_what_the_source_says(self, name: str) -> None:
        network = Network(httpx.Response(200, json=GOOD[name]))
        assert (await OPEN[name](network.api).search("cat", None)).total == TOTALS[name]

    @pytest.mark.parametrize("name", SAID)
    @pytest.mark.parametrize(
        ("said", "total"),
        [("7", 7), (7, 7), (None, None), (-1, None), (True, None), ("7.5", None), ({}, None)],
    )
    async def test_of_anything_else_nothing_is_made(
        self, name: str, said: object, total: int | None
    ) -> None:
        answer = json.loads(json.dumps(GOOD[name]))
        place, *path = reversed(SAID[name])
        inner = answer
        for step in reversed(path):
            inner = inner[step]
        inner[place] = said
        page = await OPEN[name](Network(httpx.Response(200, json=answer)).api).search("cat", None)
        assert page.total == total
        assert page.candidates
