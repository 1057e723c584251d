"""The image web as one web application."""

from aiohttp import web

from scripts.devhost.imageweb.answers import Answers
from scripts.devhost.imageweb.model import Catalogue
from scripts.devhost.imageweb.openverse import Openverse
from scripts.devhost.imageweb.pages import Pages
from scripts.devhost.imageweb.wikimedia import Wikimedia


def application(catalogue: Catalogue, openverse_per_second: float | None = None) -> web.Application:
    """Pictures, pages and the two search APIs."""
    answers, pages = Answers(catalogue), Pages(catalogue)
    openverse, wikimedia = Openverse(catalogue, openverse_per_second), Wikimedia(catalogue)
    app = web.Application()
    app.add_routes(
        [
            web.get("/", pages.index),
            web.get("/robots.txt", pages.robots),
            web.get("/keyword/{keyword}", pages.keyword),
            web.get("/photo/{id}", pages.photo),
            web.get("/people/{name}", pages.person),
            web.get("/photos/{id}.{format}", answers.photo),
            web.get("/originals/{id}.{format}", answers.original),
            web.get("/openverse/v1/images/", openverse.search),
            web.get("/openverse/v1/images/{id}/", openverse.detail),
            web.get("/openverse/v1/images/{id}/thumb/", openverse.thumbnail),
            web.get("/w/api.php", wikimedia.api),
        ]
    )
    return app
