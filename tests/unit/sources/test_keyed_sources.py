"""What the sources that want a key make of their APIs' answers."""

import httpx
import pytest

from shared.sources.source import Candidate, SourceUnavailable
from tests.unit.sources import keyed_fixtures as keyed
from tests.unit.sources.network import OPEN, Network, answering


class TestFlickr:
    async def test_photo_becomes_a_candidate(self) -> None:
        network = answering(keyed.FLICKR)
        page = await OPEN["flickr"](network.api).search("tabby cat", None)
        assert page.candidates == (
            Candidate(
                url="https://live.staticflickr.com/2/2636_b654321_o.jpg",
                source_page_url="https://www.flickr.com/photos/janedoe/2636",
                creator="Jane Doe",
                license="by-sa",
                license_url="https://creativecommons.org/licenses/by-sa/2.0/",
                attribution='"Tabby cat" by Jane Doe is licensed under CC BY-SA 2.0. To view a'
                " copy of this license, visit https://creativecommons.org/licenses/by-sa/2.0/.",
                title="Tabby cat",
                license_stated="5",
            ),
        )
        assert page.next_cursor == "2"
        sent = network.parameters()
        assert (sent["method"], sent["text"]) == ("flickr.photos.search", "tabby cat")
        assert (sent["api_key"], sent["nojsoncallback"]) == ("k3y", "1")
        assert "0" not in sent["license"].split(",")

    @pytest.mark.parametrize(
        ("cursor", "pages", "expected"),
        [(None, 1, None), ("2", 3, "3"), ("3", 3, None), ("39", 500, "40"), ("40", 500, None)],
    )
    async def test_pages_end_with_the_results_and_at_4000(
        self, cursor: str | None, pages: int, expected: str | None
    ) -> None:
        network = answering({"photos": {"pages": pages, "photo": []}, "stat": "ok"})
        page = await OPEN["flickr"](network.api).search("cat", cursor)
        assert page.next_cursor == expected
        assert network.parameters()["page"] == cursor or "1"

    async def test_a_giant_original_leaves_the_next_size(self) -> None:
        photo = keyed.FLICKR_PHOTO | {"width_o": "8000", "height_o": "6000"}
        network = answering({"photos": {"pages": 1, "photo": [photo]}, "stat": "ok"})
        (candidate,) = (await OPEN["flickr"](network.api).search("cat", None)).candidates
        assert candidate.url.endswith("_b.jpg")

    @pytest.mark.parametrize(
        ("number", "code"),
        [
            (1, "by-nc-sa"), (4, "by"), (7, "no-known-restrictions"), (8, "us-government-work"),
            (9, "cc0"), (10, "pdm"), (11, "by"), (16, "by-nc-nd"),
        ],
    )  # fmt: skip
    async def test_licences(self, number: int, code: str) -> None:
        photo = keyed.FLICKR_PHOTO | {"license": str(number)}
        network = answering({"photos": {"pages": 1, "photo": [photo]}, "stat": "ok"})
        (candidate,) = (await OPEN["flickr"](network.api).search("cat", None)).candidates
        assert (candidate.license, candidate.license_stated) == (code, str(number))
        assert candidate.license_url
        assert candidate.license_url in (candidate.attribution or "")

    @pytest.mark.parametrize("number", ["0", "99"])
    async def test_reserved_and_unheard_of_rights_are_left_out(self, number: str) -> None:
        photo = keyed.FLICKR_PHOTO | {"license": number}
        network = answering({"photos": {"pages": 1, "photo": [photo]}, "stat": "ok"})
        assert (await OPEN["flickr"](network.api).search("cat", None)).candidates == ()

    async def test_refusal_with_status_200_is_named(self) -> None:
        network = answering(keyed.FLICKR_FAILURE)
        with pytest.raises(SourceUnavailable, match="error 100"):
            await OPEN["flickr"](network.api).search("cat", None)
        assert len(network.requests) == 1

    async def test_search_that_is_down_is_asked_again(self) -> None:
        network = Network(
            httpx.Response(200, json=keyed.FLICKR_FAILURE | {"code": 105}),
            httpx.Response(200, json=keyed.FLICKR),
        )
        assert (await OPEN["flickr"](network.api).search("cat", None)).candidates


class TestPexels:
    async def test_photo_becomes_a_candidate(self) -> None:
        network = answering(keyed.PEXELS)
        page = await OPEN["pexels"](network.api).search("rocks", "3")
        assert page.candidates == (
            Candidate(
                url=keyed.PEXELS_PHOTO["src"]["large2x"],
                source_page_url="https://www.pexels.com/photo/trees-during-day-3573351/",
                creator="Lukas Rodriguez",
                license="pexels",
                license_url="https://www.pexels.com/license/",
                attribution="Photo by Lukas Rodriguez on Pexels: "
                "https://www.pexels.com/photo/trees-during-day-3573351/",
                title="Brown Rocks During Golden Hour",
            ),
        )
        assert page.next_cursor == "4"
        assert network.parameters() == {"query": "rocks", "per_page": "80", "page": "3"}
        assert network.requests[0].headers["authorization"] == "k3y"

    async def test_last_page_has_no_next(self) -> None:
        network = answering({"photos": [], "total_results": 0, "page": 1, "per_page": 80})
        page = await OPEN["pexels"](network.api).search("xyzzy", None)
        assert (page.candidates, page.next_cursor) == ((), None)


class TestPixabay:
    async def test_hit_becomes_a_candidate(self) -> None:
        network = answering(keyed.PIXABAY)
        page = await OPEN["pixabay"](network.api).search("flower", None)
        assert page.candidates == (
            Candidate(
                url="https://pixabay.com/get/ed6a99fd0a76647_1280.jpg",
                source_page_url="https://pixabay.com/en/blossom-bloom-flower-195893/",
                creator="Josch13",
                license="pixabay",
                license_url="https://pixabay.com/service/license-summary/",
                attribution="Image by Josch13 on Pixabay: "
                "https://pixabay.com/en/blossom-bloom-flower-195893/",
                title="blossom, bloom, flower",
            ),
        )
        assert network.parameters()["key"] == "k3y"

    @pytest.mark.parametrize(
        ("cursor", "total", "expected"),
        [(None, 0, None), (None, 100, None), (None, 101, "2"), ("4", 500, "5"), ("5", 500, None)],
    )
    async def test_pages_end_with_the_accessible_hits(
        self, cursor: str | None, total: int, expected: str | None
    ) -> None:
        network = answering({"total": 10**6, "totalHits": total, "hits": []})
        page = await OPEN["pixabay"](network.api).search("flower", cursor)
        assert page.next_cursor == expected

    async def test_query_keeps_to_100_characters(self) -> None:
        network = answering(keyed.PIXABAY)
        await OPEN["pixabay"](network.api).search("x" * 150, None)
        assert network.parameters()["q"] == "x" * 100


class TestUnsplash:
    async def test_photo_becomes_a_candidate(self) -> None:
        network = answering(keyed.UNSPLASH)
        page = await OPEN["unsplash"](network.api).search("coffee", None)
        assert page.candidates == (
            Candidate(
                url="https://images.unsplash.com/photo-1416339306562-f3d12fefd36f"
                "?ixid=M3w&ixlib=rb-4.0&fm=jpg&q=85&w=2048&fit=max",
                source_page_url="https://unsplash.com/photos/eOLpJytrbsQ",
                creator="Jeff Sheldon",
                license="unsplash",
                license_url="https://unsplash.com/license",
                attribution="Photo by Jeff Sheldon on Unsplash: "
                "https://unsplash.com/photos/eOLpJytrbsQ",
                title="A man drinking a coffee.",
            ),
        )
        assert page.next_cursor == "2"
        assert network.requests[0].headers["authorization"] == "Client-ID k3y"
        assert network.requests[0].headers["accept-version"] == "v1"

    async def test_photo_that_cannot_be_asked_for_is_left_out(self) -> None:
        odd = {"urls": {"raw": "https://[::/"}}
        photos = [keyed.UNSPLASH_PHOTO | odd, keyed.UNSPLASH_PHOTO]
        network = answering({"total": 2, "total_pages": 1, "results": photos})
        assert len((await OPEN["unsplash"](network.api).search("coffee", None)).candidates) == 1

    async def test_last_page_is_the_end(self) -> None:
        network = answering({"total": 1, "total_pages": 1, "results": [keyed.UNSPLASH_PHOTO]})
        assert (await OPEN["unsplash"](network.api).search("coffee", None)).next_cursor is None


class TestGoogle:
    async def test_item_becomes_a_candidate(self) -> None:
        network = answering(keyed.GOOGLE)
        page = await OPEN["google"](network.api).search("lectures", None)
        assert page.candidates == (
            Candidate(
                url="https://upload.example.org/lecture.jpg",
                source_page_url="https://example.org/wiki/Lecture",
                license="unknown",
                title="Lecture - Wikipedia",
            ),
        )
        assert page.next_cursor == "11"
        sent = network.parameters()
        assert (sent["key"], sent["cx"]) == ("k3y", "engine:1")
        assert (sent["searchType"], sent["start"]) == ("image", "1")

    async def test_hundred_results_are_the_end(self) -> None:
        network = answering(keyed.GOOGLE)
        source = OPEN["google"](network.api)
        assert (await source.search("lectures", "81")).next_cursor == "91"
        assert (await source.search("lectures", "91")).next_cursor is None

    async def test_nothing_found_is_an_empty_last_page(self) -> None:
        network = answering({"kind": "customsearch#search", "queries": {"request": [{}]}})
        page = await OPEN["google"](network.api).search("xyzzy", None)
        assert (page.candidates, page.next_cursor) == ((), None)
