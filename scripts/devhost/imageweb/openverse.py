"""The image search of the Openverse API, as an anonymous client sees it."""

import math
import time
import uuid
from typing import Any, Final

from aiohttp import web

from scripts.devhost.imageweb.credits import LICENCES
from scripts.devhost.imageweb.model import Candidate, Catalogue

LARGEST_PAGE: Final = 20
# An anonymous client gets no deeper than this many results.
DEEPEST: Final = 240


class Openverse:
    """`/v1/images/`, throttled when there is a number of requests `per_second`."""

    def __init__(self, catalogue: Catalogue, per_second: float | None = None) -> None:
        self.catalogue = catalogue
        self.per_second = per_second
        self._next = 0.0
        self._by_uuid = {_uuid(candidate): candidate for candidate in catalogue.candidates}

    async def search(self, request: web.Request) -> web.Response:
        """One page of results."""
        if wait := self._throttled():
            return _refuse(
                429, f"Request was throttled. Expected available in {wait} second.",
                {"Retry-After": str(wait), "X-RateLimit-Limit-anon_burst": f"{self.per_second}/s",
                 "X-RateLimit-Available-anon_burst": "0"},
            )  # fmt: skip
        page, size = _number(request, "page", 1), _number(request, "page_size", LARGEST_PAGE)
        for name, value in (("page", page), ("page_size", size)):
            if value is None or value < 1:
                message = "A valid integer is required." if value is None else (
                    "Ensure this value is greater than or equal to 1."
                )  # fmt: skip
                return web.json_response({"detail": {name: [message]}}, status=400)
        if page is None or size is None or size > LARGEST_PAGE or page * size > DEEPEST:
            limit = LARGEST_PAGE if size and size > LARGEST_PAGE else DEEPEST
            return _refuse(401, f"Ensure this value is less than or equal to {limit}.")
        found = self.catalogue.search(request.query.get("q", ""), "openverse")
        base = f"{request.scheme}://{request.host}"
        return web.json_response(
            {
                "result_count": len(found),
                "page_count": math.ceil(len(found) / size),
                "page_size": size,
                "page": page,
                "results": [image(base, c) for c in found[(page - 1) * size : page * size]],
                "warnings": [],
            }
        )

    async def detail(self, request: web.Request) -> web.Response:
        """One image."""
        candidate = self._by_uuid.get(request.match_info["id"])
        if candidate is None:
            return _refuse(404, "No Image matches the given query.")
        return web.json_response(image(f"{request.scheme}://{request.host}", candidate))

    async def thumbnail(self, request: web.Request) -> web.StreamResponse:
        """The picture itself does as its thumbnail."""
        candidate = self._by_uuid.get(request.match_info["id"])
        if candidate is None or not candidate.file:
            return _refuse(424, "Could not find image.")
        raise web.HTTPFound(f"/originals/{candidate.id}.{candidate.format}")

    def _throttled(self) -> int:
        now = time.monotonic()
        if self.per_second is None:
            return 0
        if now < self._next:
            return math.ceil(self._next - now)
        self._next = now + 1 / self.per_second
        return 0


def image(base: str, candidate: Candidate) -> dict[str, Any]:
    """A result as Openverse describes it."""
    licence = LICENCES[candidate.licence]
    detail = f"{base}/openverse/v1/images/{_uuid(candidate)}/"
    slug = candidate.creator.lower().replace(" ", "-")
    return {
        "id": _uuid(candidate),
        "title": candidate.title,
        "indexed_on": "2026-01-15T08:30:00.000000Z",
        "foreign_landing_url": base + candidate.landing_path,
        "url": base + candidate.path,
        "creator": candidate.creator,
        "creator_url": f"{base}/people/{slug}",
        "license": licence.code,
        "license_version": licence.version,
        "license_url": licence.url,
        "provider": "imageweb",
        "source": "imageweb",
        "category": "photograph",
        "filesize": candidate.size,
        "filetype": candidate.format,
        "tags": [
            {"name": tag, "accuracy": None, "unstable__provider": "imageweb"}
            for tag in candidate.tags
        ],
        "attribution": (
            f'"{candidate.title}" by {candidate.creator} is licensed under {licence.name}.'
            f" To view a copy of this license, visit {licence.url}."
        ),
        "fields_matched": ["title", "tags.name"],
        "mature": False,
        "height": candidate.height,
        "width": candidate.width,
        "thumbnail": f"{detail}thumb/",
        "detail_url": detail,
        "related_url": f"{detail}related/",
        "unstable__sensitivity": [],
    }


def _uuid(candidate: Candidate) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, candidate.id))


def _number(request: web.Request, name: str, default: int) -> int | None:
    text = request.query.get(name, str(default))
    return int(text) if text.lstrip("-").isdigit() else None


def _refuse(status: int, detail: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"detail": detail}, status=status, headers=headers)
