"""Which sources there are, and what those say whose settings are missing."""

import ast
import re
from pathlib import Path
from typing import get_args

import httpx
import pytest

from shared.app.settings import Settings
from shared.jobs.schemas import Engine
from shared.platform.data.db import Database
from shared.sources.attribution import Use, allows
from shared.sources.registry import ROBOTS_DECIDE, SOURCES, open_source
from shared.sources.source import Source, SourceNotConfigured, SourceUnavailable

ROOT = Path(__file__).parents[3]
LISTS = "url_list"  # the source that a job brings along and nobody opens by name
KEYS = {
    "flickr": ["FLICKR_API_KEY"],
    "pexels": ["PEXELS_API_KEY"],
    "pixabay": ["PIXABAY_API_KEY"],
    "unsplash": ["UNSPLASH_ACCESS_KEY"],
    "google": ["GOOGLE_API_KEY", "GOOGLE_CSE_ID"],
    "duckduckgo": ["CRAWL_EXPERIMENTAL_SOURCES"],
    "bing": ["CRAWL_EXPERIMENTAL_SOURCES"],
}
ALL_KEYS = {key.lower(): "1" for keys in KEYS.values() for key in keys}


def opened(name: str, **keys: str) -> Source:
    settings = Settings.model_validate(
        {
            "database_url": "postgresql://u:p@127.0.0.1:1/db",
            "supabase_url": "https://x.supabase.co",
            "supabase_anon_key": "a",
            "supabase_service_role_key": "s",
            "azure_storage_connection_string": "UseDevelopmentStorage=true",
            "api_key_pepper": "p",
            **keys,
        }
    )
    return open_source(name, settings, httpx.AsyncClient(), Database(settings))


def is_source(source: str) -> bool:
    """Whether the text of a module holds a class that searches, beside the protocol itself."""
    return any(
        isinstance(node, ast.ClassDef)
        and "Protocol" not in map(ast.unparse, node.bases)
        and any(isinstance(d, ast.AsyncFunctionDef) and d.name == "search" for d in node.body)
        for node in ast.walk(ast.parse(source))
    )


def test_every_module_with_a_source_is_opened_by_a_name() -> None:
    modules = {p.stem for p in (ROOT / "shared/sources").glob("*.py") if is_source(p.read_text())}
    opened_by_name = {type(opened(name, **ALL_KEYS)).__module__ for name in SOURCES}
    assert modules == {name.rpartition(".")[2] for name in opened_by_name} | {LISTS}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("class Shutter:\n    async def search(self, query, cursor): ...", True),
        ("class Source(Protocol):\n    async def search(self, query, cursor): ...", False),
        ("class Pace:\n    async def wait(self): ...", False),
    ],
)
def test_a_module_with_a_source_is_found(source: str, found: bool) -> None:
    assert is_source(source) is found


def test_every_source_is_an_engine_of_jobs_and_stands_in_the_documents() -> None:
    assert {*get_args(Engine)} == {*SOURCES, LISTS}
    page = (ROOT / "docs" / "sources.md").read_text().partition("\n## What an image")[0]
    cells = re.findall(r"^\| (`.+?) \|", page, re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == {*SOURCES, LISTS}


@pytest.mark.parametrize("name", SOURCES)
async def test_every_source_opens_with_all_settings(name: str) -> None:
    assert opened(name, **ALL_KEYS)


@pytest.mark.parametrize(("name", "key"), [(n, key) for n, keys in KEYS.items() for key in keys])
async def test_missing_setting_is_named(name: str, key: str) -> None:
    others = {other: value for other, value in ALL_KEYS.items() if other != key.lower()}
    with pytest.raises(SourceNotConfigured, match=f"^{key} is not set$"):
        opened(name, **others)


async def test_unknown_source_is_named() -> None:
    with pytest.raises(SourceUnavailable, match="nonsense"):
        opened("nonsense")


def test_robots_decide_about_sources_that_offer_nothing_themselves() -> None:
    assert set(SOURCES) & ROBOTS_DECIDE == {"google", "duckduckgo", "bing"}


@pytest.mark.parametrize(
    ("code", "commercial", "modification"),
    [
        ("by", True, True), ("by-sa", True, True), ("by-nd", True, False),
        ("by-nc", False, True), ("by-nc-sa", False, True), ("by-nc-nd", False, False),
        ("cc0", True, True), ("pdm", True, True), ("us-government-work", True, True),
        ("gfdl", True, True), ("pexels", True, True), ("pixabay", True, True),
        ("unsplash", True, True), ("no-known-restrictions", False, False),
        ("unknown", False, False), ("bye", False, False), (None, False, False),
    ],
)  # fmt: skip
def test_what_a_licence_allows(code: str | None, commercial: bool, modification: bool) -> None:
    both: list[Use] = ["commercial", "modification"]
    assert allows(code, ["commercial"]) is commercial
    assert allows(code, ["modification"]) is modification
    assert allows(code, both) is (commercial and modification)
    assert allows(code, [])
