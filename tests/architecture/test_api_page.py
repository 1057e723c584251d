"""The API page lists the declared endpoints, all of them, and says truly who may call them."""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import function_app  # noqa: F401 - importing it declares the endpoints
from shared.credits.tiers import PACKAGES, TIERS, tiers_below
from shared.jobs.schemas import JobOut
from shared.platform.errors import AppError
from shared.platform.http.registry import Endpoint, endpoints

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
LINE = re.compile(
    r"\| `(?P<call>[A-Z]+ \S+)` \| (?P<who>.+?) \| (?P<status>\d+) \| (?P<what>.+) \|"
)


def listed(page: str) -> list[tuple[str, str, int, bool]]:
    return sorted(
        (line["call"], line["who"], int(line["status"]), "Deprecated" in line["what"])
        for line in LINE.finditer(page)
    )


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
    assert listed(PAGE) == sorted(map(declared, endpoints.values()))


@pytest.mark.parametrize(
    ("said", "instead"),
    [("| `GET /api/v1/jobs` |", "| GET /api/v1/jobs |"), ("key `jobs:write`", "key `jobs:read`"),
     ("| 202 |", "| 200 |"), ("Deprecated", "Old"), ("| anyone |", "| user |")],
)  # fmt: skip
def test_a_line_that_says_otherwise_is_found(said: str, instead: str) -> None:
    assert listed(PAGE.replace(said, instead)) != sorted(map(declared, endpoints.values()))


def replacing(old: Endpoint) -> list[Endpoint]:
    """What has taken its place as a newer name, and takes the same."""
    return [
        endpoint
        for endpoint in endpoints.values()
        if re.sub(r":\w+}", "}", endpoint.path) == old.successor
        and endpoint.successor is None
        and endpoint.parameters == old.parameters
    ]


@pytest.mark.parametrize(
    "old", [e for e in endpoints.values() if e.successor], ids=lambda old: old.name
)
def test_what_replaces_an_older_name_is_there(old: Endpoint) -> None:
    named = [e for e in endpoints.values() if re.sub(r":\w+}", "}", e.path) == old.successor]
    assert replacing(old) == named != []


@pytest.mark.parametrize("path", ["api/v1/nothing", "api/v1/crawl-jobs", "api/v1/jobs/{job_id}"])
def test_an_older_name_that_nothing_replaces_is_found(path: str) -> None:
    assert replacing(replace(endpoints["list_jobs"], successor=path)) == []


def kinds(error: type[AppError] = AppError) -> Iterator[type[AppError]]:
    yield error
    for kind in error.__subclasses__():
        yield from kinds(kind)


def problems(page: str) -> set[tuple[str, str, str]]:
    """The codes that a page lists, each with its status and title."""
    return set(re.findall(r"\| `(\w+)` \| (\d{3}) \| (.+)\. \|", page))


def known_problems() -> set[tuple[str, str, str]]:
    """Those that are raised; where one code has several titles, each of them."""
    for module in [m for name, m in sys.modules.items() if name.startswith("shared.")]:
        vars(module)  # it is loaded, and with it the errors it declares
    return {
        (kind.code, str(kind.status), kind.title())
        for kind in kinds()
        if kind.__module__.startswith("shared.")
    }


def codes(problems: set[tuple[str, str, str]]) -> set[str]:
    return {code for code, _, _ in problems}


def test_lists_every_problem() -> None:
    assert codes(problems(PAGE)) == codes(known_problems())
    assert problems(PAGE) <= known_problems()


def test_a_problem_that_is_not_listed_or_otherwise_is_found() -> None:
    assert codes(problems(PAGE.replace("| `job_too_large` |", ""))) < codes(known_problems())
    assert not problems(PAGE.replace("| 402 |", "| 400 |")) <= known_problems()


def tiers(page: str) -> list[tuple[str, str, str]]:
    """The tiers of a page, with how many jobs and images they allow."""
    return re.findall(r"^\| `(\w+)` \| (\d+) \| ([\d,]+) \|$", credits_of(page), re.MULTILINE)


def packages(page: str) -> list[tuple[str, str, str]]:
    """The packages of a page, with their credits and what becomes of the tier."""
    rows = r"^\| `(\w+)` \| ([\d,]+) \| ([^\d\n]+) \|$"
    return re.findall(rows, credits_of(page), re.MULTILINE)


def credits_of(page: str) -> str:
    return page.partition("## Credits\n")[2].partition("\n## ")[0]


TIERS_OF_CODE = [
    (tier, str(limits.running_jobs), f"{limits.images_per_job:,}") for tier, limits in TIERS.items()
]


def test_the_tiers_and_packages_are_those_of_the_code() -> None:
    assert tiers(PAGE) == TIERS_OF_CODE
    assert packages(PAGE) == [
        (name, f"{each.credits:,}", f"`{each.tier}`" if tiers_below(each.tier) else "as it was")
        for name, each in PACKAGES.items()
    ]


def test_another_tier_is_found() -> None:
    for tier, running, images in TIERS_OF_CODE:
        said = f"| `{tier}` | {running} | {images} |"
        assert tiers(PAGE.replace(said, f"| `{tier}` | {running} | 7 |")) != TIERS_OF_CODE
    for name, each in PACKAGES.items():
        said = f"| `{name}` | {each.credits:,} |"
        assert packages(PAGE.replace(said, f"| `{name}` | 7 |")) != packages(PAGE)


def reading_as_service(declared: Iterable[Endpoint]) -> set[str]:
    return {e.name for e in declared if e.method == "GET" and not e.reads_as_caller}


def test_reads_run_as_the_caller_unless_the_tables_are_internal() -> None:
    assert reading_as_service(endpoints.values()) == {
        "get_job_stats", "list_job_logs", "list_job_chunks", "list_image_conflicts", "list_users",
        "list_all_jobs", "list_datasets", "get_dataset", "list_versions", "get_version",
        "get_dataset_report", "compare_versions", "list_exports", "get_export",
        "list_uploads", "get_upload",
    }  # fmt: skip


def unsafe_to_repeat(declared: Iterable[Endpoint]) -> set[str]:
    """Those that create or spend once more when they come once more."""
    return {
        e.name
        for e in declared
        if e.method == "POST"
        and (e.status == 201 or e.name in ("start_job", "retry_job"))
        and not e.idempotent
    }


def test_what_creates_or_spends_can_be_repeated_safely() -> None:
    assert unsafe_to_repeat(endpoints.values()) == {"sign_up"}


def open_to_anything(declared: Iterable[Endpoint]) -> set[str]:
    """The models that take fields which they do not know."""
    models = {model for e in declared for model in (e.body, e.query) if model}
    return {m.__name__ for m in models if m.model_config.get("extra") != "forbid"}


def test_fields_that_are_not_asked_for_are_refused() -> None:
    assert open_to_anything(endpoints.values()) == set()


def test_an_endpoint_that_breaks_a_rule_is_found() -> None:
    create, read = endpoints["create_job"], endpoints["get_job"]
    assert unsafe_to_repeat([replace(create, idempotent=False)]) == {"create_job"}
    assert reading_as_service([read, replace(read, internal=True)]) == {"get_job"}
    assert open_to_anything([replace(create, body=JobOut)]) == {"JobOut"}
