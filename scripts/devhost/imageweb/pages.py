"""The pages of the image web that people look at."""

from html import escape
from typing import Final

from aiohttp import web

from scripts.devhost.imageweb.credits import LICENCES
from scripts.devhost.imageweb.model import Catalogue

_STYLE: Final = (
    "body{font:16px/1.5 system-ui;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "ul.grid{list-style:none;padding:0;display:grid;gap:.5rem;"
    "grid-template-columns:repeat(auto-fill,minmax(10rem,1fr))}"
    "ul.grid img{width:100%;height:8rem;object-fit:cover}"
)


class Pages:
    """An index, a page per keyword, per picture and per creator."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    async def index(self, _: web.Request) -> web.Response:
        """All keywords."""
        links = "".join(
            f'<li><a href="/keyword/{escape(keyword)}">{escape(keyword)}</a>'
            f" ({len(self.catalogue.truth(keyword).clusters)})"
            for keyword in self.catalogue.keywords
        )
        return _page("Image web", f'<ul class="grid">{links}</ul>')

    async def keyword(self, request: web.Request) -> web.Response:
        """The good pictures of a keyword."""
        keyword = request.match_info["keyword"]
        truth = self.catalogue.truth(keyword)
        if not truth.candidates:
            raise web.HTTPNotFound
        pictures = "".join(
            f'<li><a href="{c.landing_path}"><img loading="lazy" src="/originals/{c.id}.{c.format}"'
            f' alt="{escape(c.title)}"></a>'
            for c in truth.candidates
            if truth.outcomes[c.path] == "stored"
        )
        return _page(keyword, f'<ul class="grid">{pictures}</ul>')

    async def photo(self, request: web.Request) -> web.Response:
        """The landing page of a picture: title, creator, licence."""
        candidate = self.catalogue.by_id.get(request.match_info["id"])
        if candidate is None:
            raise web.HTTPNotFound
        licence = LICENCES[candidate.licence]
        return _page(
            candidate.title,
            f'<img src="{candidate.path}" alt=""><p>{escape(candidate.creator)},'
            f' <a rel="license" href="{licence.url}">{licence.name}</a>,'
            f" {candidate.width} × {candidate.height}",
        )

    async def person(self, request: web.Request) -> web.Response:
        """The page of a creator."""
        name = request.match_info["name"].replace("-", " ").title()
        return _page(name, "<p>Takes photographs.")

    async def robots(self, _: web.Request) -> web.Response:
        """Everybody may fetch everything; what may be done with it say the answers."""
        return web.Response(text="User-agent: *\nAllow: /\n")


def _page(title: str, body: str) -> web.Response:
    return web.Response(
        text=f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{body}</html>",
        content_type="text/html",
    )
