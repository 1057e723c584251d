"""The two search APIs, in the forms in which the real ones answer."""

import itertools
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from scripts.devhost.imageweb.catalogue import Catalogue
from scripts.devhost.imageweb.server import application
from tests.unit.imageweb.conftest import Client

IMAGES = "/openverse/v1/images/"


async def openverse(client: Client, **query: str) -> Any:
    answer = await client.get(IMAGES, params=query)
    assert answer.status == 200
    return await answer.json()


async def wikimedia(client: Client, **query: str) -> Any:
    fixed = {
        "action": "query", "format": "json", "generator": "search", "gsrnamespace": "6",
        "prop": "imageinfo", "iiprop": "url|size|mime|extmetadata|sha1",
    }  # fmt: skip
    answer = await client.get("/w/api.php", params=fixed | query)
    assert answer.status == 200
    return await answer.json()


class TestOpenverse:
    async def test_pages_hold_every_candidate_once(
        self, client: Client, catalogue: Catalogue
    ) -> None:
        first = await openverse(client, q="cat")
        found = []
        for page in range(1, first["page_count"] + 1):
            answer = await openverse(client, q="Cat", page=str(page), page_size="20")
            assert (answer["page"], answer["page_size"]) == (page, 20)
            found += answer["results"]
        wanted = catalogue.search("cat", "openverse")
        assert first["result_count"] == len(found) == len(wanted)
        base = str(client.make_url("")).rstrip("/")
        assert [result["url"] for result in found] == [base + c.path for c in wanted]

    async def test_a_result_has_the_fields_of_the_real_one(self, client: Client) -> None:
        result = (await openverse(client, q="dog"))["results"][0]
        assert {
            "id", "title", "url", "foreign_landing_url", "creator", "creator_url", "license",
            "license_version", "license_url", "provider", "source", "attribution", "filesize",
            "filetype", "width", "height", "tags", "thumbnail", "detail_url", "related_url",
            "mature", "category", "indexed_on", "fields_matched",
        } <= result.keys()  # fmt: skip
        assert {"name": "dog"}.items() <= result["tags"][0].items()
        for url in ("foreign_landing_url", "creator_url", "detail_url"):
            assert (await client.get(result[url].split("/", 3)[3].join("/ ").strip())).status == 200

    async def test_unknown_keyword(self, client: Client) -> None:
        answer = await openverse(client, q="no such thing")
        assert (answer["result_count"], answer["page_count"], answer["results"]) == (0, 0, [])

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ({"page_size": "21"}, 401),
            ({"page_size": "0"}, 400),
            ({"page": "x"}, 400),
            ({"page": "13"}, 401),
        ],
    )
    async def test_limits_of_anonymous_clients(
        self, client: Client, query: dict[str, str], status: int
    ) -> None:
        answer = await client.get(IMAGES, params={"q": "cat", **query})
        assert answer.status == status
        assert "detail" in await answer.json()

    async def test_throttles_when_asked_to(self, catalogue: Catalogue) -> None:
        server = TestServer(application(catalogue, openverse_per_second=0.5))
        async with TestClient(server) as client:
            assert (await client.get(IMAGES, params={"q": "cat"})).status == 200
            answer = await client.get(IMAGES, params={"q": "cat"})
            assert answer.status == 429
            assert int(answer.headers["Retry-After"]) >= 1
            assert "throttled" in (await answer.json())["detail"]


class TestWikimedia:
    async def test_continues_to_the_end(self, client: Client, catalogue: Catalogue) -> None:
        found: list[dict[str, Any]] = []
        more: dict[str, str] = {}
        for _ in itertools.count():
            answer = await wikimedia(
                client, gsrsearch="cat", gsrlimit="7", formatversion="2", **more
            )
            assert answer["batchcomplete"] is True
            found += answer["query"]["pages"]
            if "continue" not in answer:
                break
            more = {name: str(value) for name, value in answer["continue"].items()}
        wanted = catalogue.search("cat", "wikimedia")
        urls = [page["imageinfo"][0]["url"] for page in found]
        base = str(client.make_url("")).rstrip("/")
        assert urls == [base + c.path for c in wanted]
        assert [page["index"] for page in found] == list(range(1, len(wanted) + 1))

    async def test_a_page_has_the_fields_of_the_real_one(self, client: Client) -> None:
        answer = await wikimedia(client, gsrsearch="filetype:bitmap dog", formatversion="2")
        page = answer["query"]["pages"][0]
        assert page["ns"] == 6
        assert page["title"].startswith("File:")
        (info,) = page["imageinfo"]
        assert {"url", "descriptionurl", "size", "width", "height", "mime", "sha1"} <= info.keys()
        extended = info["extmetadata"]
        for name in ("LicenseShortName", "LicenseUrl", "Artist", "Credit", "ImageDescription",
                     "UsageTerms"):  # fmt: skip
            assert extended[name]["value"]
            assert extended[name]["source"]
        assert extended["Artist"]["value"].startswith("<a ")

    async def test_old_format_has_pages_by_id(self, client: Client) -> None:
        answer = await wikimedia(client, gsrsearch="dog", gsrlimit="3")
        assert answer["batchcomplete"] == ""
        assert {int(key) for key in answer["query"]["pages"]} == {
            page["pageid"] for page in answer["query"]["pages"].values()
        }

    async def test_says_how_many_there_are(self, client: Client, catalogue: Catalogue) -> None:
        answer = await wikimedia(client, gsrsearch="cat", gsrlimit="3", gsroffset="3")
        wanted = catalogue.search("cat", "wikimedia")
        assert answer["query"]["searchinfo"] == {"totalhits": len(wanted)}

    async def test_unknown_keyword_has_no_pages(self, client: Client) -> None:
        assert await wikimedia(client, gsrsearch="no such thing", formatversion="2") == {
            "batchcomplete": True, "query": {"searchinfo": {"totalhits": 0}},
        }  # fmt: skip

    async def test_other_namespaces_hold_no_files(self, client: Client) -> None:
        answer = await wikimedia(client, gsrsearch="cat", gsrnamespace="0", formatversion="2")
        assert "pages" not in answer["query"]

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({}, "missingparam"),
            ({"gsrsearch": "cat", "gsroffset": "x"}, "badinteger"),
            ({"gsrsearch": "cat", "generator": "pages"}, "badvalue"),
        ],
    )
    async def test_errors_come_with_status_200(
        self, client: Client, query: dict[str, str], code: str
    ) -> None:
        assert (await wikimedia(client, **query))["error"]["code"] == code
