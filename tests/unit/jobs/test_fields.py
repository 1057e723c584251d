"""A field that a job is given is stored, can be changed and is given back."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from shared.jobs import repo
from shared.jobs.schemas import JobCreate, JobOut, JobUpdate, ListedUrl
from shared.platform.data.db import Transaction

PAGE = (Path(__file__).parents[3] / "docs" / "schema-sync.md").read_text()
COLUMNS = PAGE.partition("## crawl_jobs\n")[2].partition("\n## ")[0]
# What is done at once, and rows of their own.
NO_COLUMNS = {"start", "clamp_to_balance", "urls"}
FOR_GOOD = {"project_id", "upload_id"}  # what is never changed
USER = UUID(int=1)
JOB = JobCreate(
    project_id=1, name="a", keywords=["b"], engines=["url_list"],
    urls=[ListedUrl(url="https://images.example/1.jpeg")],
)  # fmt: skip


class Recorder:
    """A transaction without a database, which keeps what it is asked for."""

    def __init__(self) -> None:
        self.connection = self
        self.asked = ""

    async def execute(self, query: str, values: dict[str, Any]) -> "Recorder":
        self.asked = query
        return self

    async def fetch(self, kind: type, query: str, values: dict[str, Any]) -> list[Any]:
        self.asked = query
        return []

    async def fetchone(self) -> dict[str, Any]:
        return {"id": 1}

    async def fetchall(self) -> list[Any]:
        return []


async def asked(function: Callable[..., Any], *arguments: Any) -> str:
    """The statement with which the function asks."""
    recorder = Recorder()
    await function(cast(Transaction, recorder), *arguments)
    return recorder.asked


def lost(fields: Iterable[str], text: str, end: str = "") -> set[str]:
    """Those that a statement, up to a word of it, or a list does not name."""
    return set(fields) - set(re.findall(r"\w+", text.partition(end)[0] if end else text))


STORED = JobCreate.model_fields.keys() - NO_COLUMNS


def test_every_field_has_a_column() -> None:
    assert lost(STORED, COLUMNS) == set()


async def test_every_field_is_stored() -> None:
    assert lost(STORED, await asked(repo.insert_job, USER, JOB), "SELECT") == set()


async def test_every_field_of_a_url_is_stored() -> None:
    statement = await asked(repo.insert_urls, 1, JOB)
    assert lost(ListedUrl.model_fields, statement, "SELECT") == set()


async def test_every_field_is_given_back() -> None:
    assert lost(STORED, await asked(repo.find_job, USER, 1), "FROM") == set()
    assert STORED - JobOut.model_fields.keys() == set()


async def test_every_field_can_be_changed() -> None:
    assert STORED - FOR_GOOD - JobUpdate.model_fields.keys() == set()
    assert lost(STORED - FOR_GOOD, await asked(repo.update_job, 1, {}), "SELECT") == set()


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (COLUMNS, ""),
        ("INSERT INTO crawl_jobs (project_id, name) SELECT %(shape)s", "SELECT"),
        ("SELECT j.id, j.name FROM crawl_jobs AS j WHERE shape = 1", "FROM"),
    ],
)
def test_a_field_that_was_forgotten_is_named(text: str, end: str) -> None:
    class JobWithShape(JobCreate):
        shape: str = ""

    assert "shape" in lost(JobWithShape.model_fields, text, end)
