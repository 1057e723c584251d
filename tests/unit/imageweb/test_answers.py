"""Each way of answering, as the truth declares it."""

import asyncio
import io
import struct

import pytest
from aiohttp import ClientTimeout
from PIL import Image, UnidentifiedImageError

from scripts.devhost.imageweb.catalogue import Candidate, Catalogue
from tests.unit.imageweb.conftest import Client


def one(catalogue: Catalogue, behaviour: str) -> Candidate:
    return next(c for c in catalogue.candidates if c.behaviour == behaviour)


@pytest.mark.parametrize(
    "behaviour", ["plain", "slow", "redirect", "exact_duplicate", "near_duplicate"]
)
async def test_good_pictures_arrive(client: Client, catalogue: Catalogue, behaviour: str) -> None:
    candidate = one(catalogue, behaviour)
    answer = await client.get(candidate.path)
    assert answer.status == 200
    assert await answer.read() == (catalogue.directory / candidate.file).read_bytes()


async def test_flaky_picture_arrives_the_second_time_and_then_is_flaky_again(
    client: Client, catalogue: Catalogue
) -> None:
    candidate = one(catalogue, "flaky")
    for _ in range(2):
        busy = await client.get(candidate.path)
        assert (busy.status, busy.headers["Retry-After"]) == (429, "0")
        assert (await client.get(candidate.path)).status == 200


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [("missing", 404), ("broken_server", 503), ("always_busy", 429)],
)
async def test_statuses(client: Client, catalogue: Catalogue, behaviour: str, status: int) -> None:
    for _ in range(3):
        assert (await client.get(one(catalogue, behaviour).path)).status == status


@pytest.mark.parametrize(
    ("behaviour", "kind"), [("page", "text/html"), ("disguised_page", "image/jpeg")]
)
async def test_pages_instead_of_pictures(
    client: Client, catalogue: Catalogue, behaviour: str, kind: str
) -> None:
    answer = await client.get(one(catalogue, behaviour).path)
    assert answer.content_type == kind
    assert (await answer.read()).startswith(b"<!doctype html>")


async def test_truncated_picture_begins_and_breaks_off(
    client: Client, catalogue: Catalogue
) -> None:
    for candidate in [c for c in catalogue.candidates if c.behaviour == "truncated"]:
        content = await (await client.get(candidate.path)).read()
        with (
            Image.open(io.BytesIO(content)) as image,
            pytest.raises(OSError, match="truncated"),
        ):
            image.load()


async def test_garbage_only_claims_to_be_a_picture(client: Client, catalogue: Catalogue) -> None:
    for candidate in [c for c in catalogue.candidates if c.behaviour == "garbage"]:
        content = await (await client.get(candidate.path)).read()
        with pytest.raises(UnidentifiedImageError):
            Image.open(io.BytesIO(content))


async def test_tiny_picture(client: Client, catalogue: Catalogue) -> None:
    content = await (await client.get(one(catalogue, "tiny").path)).read()
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (16, 16)


async def test_bomb_is_small_and_unfolds_to_400_megapixels(
    client: Client, catalogue: Catalogue
) -> None:
    content = await (await client.get(one(catalogue, "bomb").path)).read()
    assert len(content) < 100_000
    assert content[12:16] == b"IHDR"
    width, height = struct.unpack(">II", content[16:24])
    assert width * height == 400_000_000


async def test_oversized_picture_is_as_long_as_it_says(
    client: Client, catalogue: Catalogue
) -> None:
    answer = await client.get(one(catalogue, "oversized").path)
    assert int(answer.headers["Content-Length"]) > 10 * 1024 * 1024
    assert len(await answer.read()) == int(answer.headers["Content-Length"])


async def test_hanging_server_says_nothing(client: Client, catalogue: Catalogue) -> None:
    with pytest.raises(asyncio.TimeoutError):
        await client.get(one(catalogue, "hanging").path, timeout=ClientTimeout(total=0.3))


async def test_opted_out_picture_says_so(client: Client, catalogue: Catalogue) -> None:
    answer = await client.get(one(catalogue, "opted_out").path)
    assert answer.status == 200
    assert "noai" in answer.headers["X-Robots-Tag"]


async def test_private_redirects_lead_where_no_crawler_may_go(
    client: Client, catalogue: Catalogue
) -> None:
    hosts = set()
    for candidate in [c for c in catalogue.candidates if c.behaviour == "private"]:
        answer = await client.get(candidate.path, allow_redirects=False)
        assert answer.status == 302
        hosts.add(answer.headers["Location"].split("/")[2])
    assert hosts == {"169.254.169.254", "168.63.129.16", "10.0.0.5", "127.0.0.1:1"}


async def test_unknown_picture(client: Client) -> None:
    assert (await client.get("/photos/ffffffffffff.jpg")).status == 404


async def test_pages_for_people(client: Client, catalogue: Catalogue) -> None:
    candidate = one(catalogue, "plain")
    index = await (await client.get("/")).text()
    assert all(keyword in index for keyword in catalogue.keywords)
    for path in (f"/keyword/{candidate.keyword}", candidate.landing_path, "/people/ada-eriksen"):
        answer = await client.get(path)
        assert answer.status == 200
        assert answer.content_type == "text/html"
    assert (await client.get("/robots.txt")).status == 200
