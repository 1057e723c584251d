"""What a source says is kept with what proves it, and without what only we may know."""

import gzip
import hashlib
import json
from datetime import UTC, datetime
from urllib.parse import unquote

import httpx
import pytest

from shared.sources.api import KEY_PARAMETERS
from shared.sources.openverse import Openverse
from shared.sources.registry import SOURCES
from tests.unit.sources.network import GOOD, OPEN, Network, answering

UNSEEN = {"duckduckgo", "bing"}  # whose answers a library reads
KEYS = ("k3y", "engine:1")  # those of OPEN
# Where keys are sent: the other sources have none, or send it as a header.
IN_QUERY = {"flickr": {"k3y"}, "pixabay": {"k3y"}, "google": {"k3y", "engine:1"}}


def keys_in(address: str) -> set[str]:
    """The keys that stand in an address, however it is written."""
    return {key for key in KEYS if key in unquote(address)}


def test_every_source_whose_answers_we_see_is_tried() -> None:
    assert OPEN.keys() == SOURCES.keys() - UNSEEN


@pytest.mark.parametrize("name", OPEN)
class TestProof:
    async def test_is_the_answer_that_was_given(self, name: str) -> None:
        body, before = json.dumps(GOOD[name]).encode(), datetime.now(UTC)
        page = await OPEN[name](Network(httpx.Response(200, content=body)).api).search("cat", None)
        assert page.proof
        assert page.proof.sha256 == hashlib.sha256(body).hexdigest()
        assert before <= page.proof.at <= datetime.now(UTC)

    async def test_is_of_what_was_asked_but_for_our_keys(self, name: str) -> None:
        network = answering(GOOD[name])
        page = await OPEN[name](network.api).search("tabby cat & co", None)
        assert page.proof
        asked, told = network.requests[0].url, httpx.URL(page.proof.address)
        assert keys_in(str(asked)) == IN_QUERY.get(name, set())
        assert keys_in(str(told)) == set()
        assert (told.host, told.path) == (asked.host, asked.path)
        assert dict(told.params) == {
            parameter: value
            for parameter, value in asked.params.items()
            if parameter not in KEY_PARAMETERS
        }
        assert "tabby cat & co" in "".join(told.params.values())


async def test_hash_is_of_the_unpacked_answer() -> None:
    body = json.dumps(GOOD["openverse"]).encode()
    packed = httpx.Response(200, content=gzip.compress(body), headers={"content-encoding": "gzip"})
    page = await OPEN["openverse"](Network(packed).api).search("cat", None)
    assert page.proof
    assert page.proof.sha256 == hashlib.sha256(body).hexdigest()


async def test_password_in_a_source_s_address_stays_ours() -> None:
    network = answering(GOOD["openverse"])
    source = Openverse("https://us:k3y@openverse.example/v1", network.api)
    page = await source.search("cat", None)
    assert page.proof
    assert keys_in(str(network.requests[0].url)) == {"k3y"}
    assert page.proof.address.startswith("https://openverse.example/v1/images/?q=cat&")
