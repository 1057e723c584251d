"""The API page lists the declared endpoints, all of them, and says truly who may call them."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import function_app  # noqa: F401 - importing it declares the endpoints
from shared.platform.errors import AppError
from shared.platform.registry import Endpoint, endpoints

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
LINE = re.compile(
    r"\| `(?P<call>[A-Z]+ \S+)` \| (?P<who>.+?) \| (?P<status>\d+) \| (?P<what>.+) \|"
)


def listed() -> list[tuple[str, str, int, bool]]:
    return [
        (line["call"], line["who"], int(line["status"]), "Deprecated" in line["what"])
        for line in LINE.finditer(PAGE.read_text())
    ]


def declared(endpoint: Endpoint) -> tuple[str, str, int, bool]:
    path = re.sub(r":\w+}", "}", endpoint.path)
    who = {
        "public": "anyone",
        "user": "user",
        "admin": "administrator",
        "caller": f"user, key `{endpoint.scope}`",
    }
    return (
        f"{endpoint.method} /{path}",
        who[endpoint.access],
        endpoint.status,
        endpoint.successor is not None,
    )


def test_lists_every_endpoint_once_as_it_is_declared() -> None:
    assert sorted(listed()) == sorted(map(declared, endpoints.values()))


@pytest.mark.parametrize(
    "old", [e for e in endpoints.values() if e.successor], ids=lambda old: old.name
)
def test_what_replaces_an_older_name_is_there(old: Endpoint) -> None:
    replacing = [
        endpoint
        for endpoint in endpoints.values()
        if re.sub(r":\w+}", "}", endpoint.path) == old.successor
    ]
    assert replacing
    for endpoint in replacing:
        assert endpoint.successor is None
        assert endpoint.parameters == old.parameters


def kinds(error: type[AppError] = AppError) -> Iterator[type[AppError]]:
    yield error
    for kind in error.__subclasses__():
        yield from kinds(kind)


def test_lists_every_problem() -> None:
    for module in [m for name, m in sys.modules.items() if name.startswith("shared.")]:
        vars(module)  # it is loaded, and with it the errors it declares
    listed = re.findall(r"\| `(\w+)` \| (\d{3}) \| (.+)\. \|", PAGE.read_text())
    known = {
        (kind.code, str(kind.status), kind.title())
        for kind in kinds()
        if kind.__module__.startswith("shared.")
    }
    assert {code for code, _, _ in listed} == {code for code, _, _ in known}
    assert set(listed) <= known


def test_reads_run_as_the_caller_unless_the_tables_are_internal() -> None:
    as_service = {name for name, e in endpoints.items() if e.method == "GET" and e.internal}
    assert as_service == {
        "get_job_stats", "list_job_logs", "list_job_chunks", "list_users", "list_all_jobs"
    }  # fmt: skip


def test_what_creates_or_spends_can_be_repeated_safely() -> None:
    acts = {
        name
        for name, e in endpoints.items()
        if e.method == "POST" and (e.status == 201 or name in ("start_job", "retry_job"))
    }
    assert {name for name in acts if not endpoints[name].idempotent} == {"sign_up"}


def test_fields_that_are_not_asked_for_are_refused() -> None:
    models = {model for e in endpoints.values() for model in (e.body, e.query) if model}
    assert {m.__name__ for m in models if m.model_config.get("extra") != "forbid"} == set()
