"""The part of the MediaWiki API that finds files on Wikimedia Commons."""

import re
from html import escape
from typing import Any, Final

from aiohttp import web

from scripts.devhost.imageweb.credits import LICENCES
from scripts.devhost.imageweb.formats import MIME
from scripts.devhost.imageweb.model import Candidate, Catalogue

DEFAULT_LIMIT: Final = 10
LARGEST_LIMIT: Final = 500
FILE_NAMESPACE: Final = 6
# Search operators such as `filetype:bitmap`, which narrow to what all our files are.
_OPERATOR: Final = re.compile(r"\b\w+:\S*")


class Wikimedia:
    """`/w/api.php?action=query&generator=search&gsrnamespace=6&prop=imageinfo`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    async def api(self, request: web.Request) -> web.Response:
        """The answer, also to what is wrong: MediaWiki tells errors with status 200."""
        query = request.query
        if query.get("action") != "query" or query.get("generator") != "search":
            return _error("badvalue", 'Unrecognized value for parameter "action".')
        if not query.get("gsrsearch"):
            return _error("missingparam", 'The "gsrsearch" parameter must be set.')
        numbers = {name: query.get(name, default) for name, default in (
            ("gsroffset", "0"), ("gsrlimit", str(DEFAULT_LIMIT)))}  # fmt: skip
        if numbers["gsrlimit"] == "max":
            numbers["gsrlimit"] = str(LARGEST_LIMIT)
        for name, value in numbers.items():
            if not value.isdigit():
                return _error("badinteger", f'Invalid value "{value}" for integer "{name}".')
        return self._answer(request, int(numbers["gsroffset"]), int(numbers["gsrlimit"]))

    def _answer(self, request: web.Request, offset: int, limit: int) -> web.Response:
        limit = max(1, min(limit, LARGEST_LIMIT))
        found = self._search(request)
        new = request.query.get("formatversion") == "2"
        answer: dict[str, Any] = {"batchcomplete": True if new else ""}
        if offset + limit < len(found):
            answer["continue"] = {"gsroffset": offset + limit, "continue": "gsroffset||"}
        base = f"{request.scheme}://{request.host}"
        wanted = frozenset(request.query.get("iiprop", "timestamp|user").split("|"))
        pages = [
            page(base, candidate, index, wanted)
            for index, candidate in enumerate(found[offset : offset + limit], start=offset + 1)
        ]
        answer["query"] = {"searchinfo": {"totalhits": len(found)}}
        if pages:
            keyed = pages if new else {str(one["pageid"]): one for one in pages}
            answer["query"]["pages"] = keyed
        return web.json_response(answer)

    def _search(self, request: web.Request) -> tuple[Candidate, ...]:
        namespaces = request.query.get("gsrnamespace", "0").split("|")
        if str(FILE_NAMESPACE) not in namespaces and "*" not in namespaces:
            return ()
        text = _OPERATOR.sub("", request.query["gsrsearch"]).replace('"', " ")
        return self.catalogue.search(text, "wikimedia")


def page(base: str, candidate: Candidate, index: int, wanted: frozenset[str]) -> dict[str, Any]:
    """A file page with the wanted image information."""
    return {
        "pageid": int(candidate.id[:8], 16),
        "ns": FILE_NAMESPACE,
        "title": f"File:{candidate.title} {candidate.id}.{candidate.format}",
        "index": index,
        "imagerepository": "local",
        "imageinfo": [_image_info(base, candidate, wanted)],
    }


def _image_info(base: str, candidate: Candidate, wanted: frozenset[str]) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = {
        "timestamp": {"timestamp": "2026-01-15T08:30:00Z"},
        "user": {"user": candidate.creator},
        "size": {
            "size": candidate.size, "width": candidate.width, "height": candidate.height
        },
        "url": {
            "url": base + candidate.path,
            "descriptionurl": base + candidate.landing_path,
            "descriptionshorturl": f"{base}/photo/{candidate.id}?short",
        },
        "sha1": {"sha1": candidate.sha1},
        "mime": {"mime": MIME[candidate.format]},
        "mediatype": {"mediatype": "BITMAP"},
        "extmetadata": {"extmetadata": _extended(base, candidate)},
    }  # fmt: skip
    known["dimensions"] = known["size"]
    info: dict[str, Any] = {}
    for name, values in known.items():
        if name in wanted:
            info |= values
    return info


def _extended(base: str, candidate: Candidate) -> dict[str, dict[str, Any]]:
    licence = LICENCES[candidate.licence]
    person = f"{base}/people/{candidate.creator.lower().replace(' ', '-')}"
    free = licence.code in ("cc0", "pdm")
    values = {
        "DateTime": "2026-01-15 08:30:00",
        "ObjectName": candidate.title,
        "Categories": "|".join(candidate.tags),
        "ImageDescription": f"<p>{escape(candidate.title)}</p>",
        "Credit": '<span class="int-own-work" lang="en">Own work</span>',
        "Artist": f'<a href="{person}" title="{escape(candidate.creator)}">'
        f"{escape(candidate.creator)}</a>",
        "License": licence.code if free else f"cc-{licence.code}-{licence.version}",
        "LicenseShortName": licence.name,
        "UsageTerms": licence.name.replace("CC", "Creative Commons", 1),
        "LicenseUrl": licence.url,
        "AttributionRequired": "false" if free else "true",
        "Copyrighted": "False" if free else "True",
        "Restrictions": "",
    }
    return {
        name: {"value": value, "source": "commons-desc-page", "hidden": ""}
        for name, value in values.items()
    }


def _error(code: str, info: str) -> web.Response:
    return web.json_response(
        {"error": {"code": code, "info": info}, "servedby": "imageweb"},
        headers={"MediaWiki-API-Error": code},
    )
