"""DuckDuckGo and Bing, by the library's own reading of answers in their form.

The answers are written from what the library reads (ddgs 9.16: `engines/bing_images.py` and
`engines/duckduckgo_images.py`): neither site documents them.
"""

import json
from collections.abc import Callable
from html import escape
from typing import Any

import primp
import pytest

from shared.sources.metasearch import DEEPEST, Metasearch
from shared.sources.source import Candidate, SourceUnavailable


class Reply:
    """A response as `primp` gives it."""

    def __init__(self, text: str, status_code: int = 200) -> None:
        self.text = text
        self.content = text.encode()
        self.status_code = status_code


class Client:
    """The library's HTTP client, answering from a function of URL and parameters."""

    answer: Callable[[str, dict[str, str]], Reply]

    def __init__(self, **_: Any) -> None: ...

    def headers_update(self, _: Any) -> None: ...

    def request(self, method: str, url: str, params: dict[str, str]) -> Reply:
        assert method == "GET"
        return type(self).answer(url, params)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> type[Client]:
    monkeypatch.setattr(primp, "Client", Client)
    return Client


async def at_once() -> None: ...


def bing_page(*titles: str) -> str:
    """Result items of a Bing page."""
    items = [
        escape(
            json.dumps(
                {"t": title, "murl": f"https://a.example/{title}.jpg", "purl": "https://a.example/"}
            )
        )
        for title in titles
    ]
    return "".join(
        f'<div><div class="imgpt"><a class="iusc" m="{item}"></a><div class="img_info">'
        '<span class="nowrap">800 × 600 · jpeg</span></div></div>'
        '<div class="infopt"><div class="lnkw"><a>a.example</a></div></div></div>'
        for item in items
    )


def duckduckgo_page(*titles: str) -> str:
    results = [
        {
            "title": title, "image": f"https://a.example/{title}.jpg", "height": 600, "width": 800,
            "thumbnail": "https://t.example/1", "url": "https://a.example/", "source": "Bing",
        }
        for title in titles
    ]  # fmt: skip
    return json.dumps({"results": results})


FOUND = tuple(
    Candidate(
        url=f"https://a.example/{title}.jpg",
        source_page_url="https://a.example/",
        license="unknown",
        title=title,
    )
    for title in ("one", "two")
)


async def test_bing(client: type[Client]) -> None:
    def answer(url: str, params: dict[str, str]) -> Reply:
        assert (url, params["q"]) == ("https://www.bing.com/images/async", "cat")
        return Reply(bing_page("one", "two") if params["first"] == "36" else "<html></html>")

    client.answer = staticmethod(answer)
    page = await Metasearch("bing", at_once).search("cat", "2")
    assert (page.candidates, page.next_cursor) == (FOUND, "3")
    assert (await Metasearch("bing", at_once).search("cat", "3")).next_cursor is None


async def test_duckduckgo(client: type[Client]) -> None:
    def answer(url: str, params: dict[str, str]) -> Reply:
        if url == "https://duckduckgo.com":
            return Reply('<script>vqd="4-123"</script>')
        assert (url, params["vqd"]) == ("https://duckduckgo.com/i.js", "4-123")
        return Reply(duckduckgo_page("one", "two"))

    client.answer = staticmethod(answer)
    page = await Metasearch("duckduckgo", at_once).search("cat", None)
    assert (page.candidates, page.next_cursor) == (FOUND, "2")
    last = await Metasearch("duckduckgo", at_once).search("cat", str(DEEPEST))
    assert last.next_cursor is None


@pytest.mark.parametrize("engine", ["bing", "duckduckgo"])
@pytest.mark.parametrize(
    "reply",
    [Reply("", 403), Reply("<html>Are you a robot?</html>"), Reply("{"), Reply("[]"), Reply("7")],
)
async def test_refusal_is_named(client: type[Client], engine: str, reply: Reply) -> None:
    client.answer = staticmethod(lambda _url, _params: reply)
    with pytest.raises(SourceUnavailable):
        await Metasearch(engine, at_once).search("cat", None)


async def test_failing_connection_is_named(client: type[Client]) -> None:
    def answer(_url: str, _params: dict[str, str]) -> Reply:
        raise primp.ConnectError("no route")

    client.answer = staticmethod(answer)
    with pytest.raises(SourceUnavailable, match="DDGSException"):
        await Metasearch("bing", at_once).search("cat", None)
