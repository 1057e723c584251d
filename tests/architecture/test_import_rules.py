"""The import rules of pyproject.toml: each refuses imports that a copy of the source is given."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
DIRECTION, PLATFORM, APART, PRIVATE, DOOR, CLIENT, LOCAL = (
    contract["name"] for contract in RULES["contracts"]
)
LINTER = "from importlinter.cli import lint_imports_command; lint_imports_command()"
# By file: a line that it must not have, the import that this is, and the rule that refuses it.
BREACHES = {
    "shared/projects/service.py": (
        "from shared.credits import repo",
        "shared.projects.service -> shared.credits.repo", PRIVATE),
    "shared/jobs/finish.py": (
        "from shared.crawl import ledger_repo as ledger",
        "shared.jobs.finish -> shared.crawl.ledger_repo", PRIVATE),
    "shared/images/service.py": (
        "def f():\n    import shared.crawl.settle_repo",
        "shared.images.service -> shared.crawl.settle_repo", PRIVATE),
    "shared/crawl/process.py": (
        "from shared.sources.pace_repo import *",
        "shared.crawl.process -> shared.sources.pace_repo", PRIVATE),
    "functions/jobs.py": (
        "from shared.jobs.repo import find_job", "functions.jobs -> shared.jobs.repo", PRIVATE),
    "shared/platform/http/serving.py": (
        "from ..idempotency import repo",
        "shared.platform.http.serving -> shared.platform.idempotency.repo", PRIVATE),
    "scripts/bench/growth.py": (
        "from shared.jobs import repo", "scripts.bench.growth -> shared.jobs.repo", PRIVATE),
    "shared/admin/service.py": (
        "from shared.crawl.advance import advance",
        "shared.admin.service -> shared.crawl.advance", DOOR),
    "shared/credits/service.py": (
        "from shared.jobs import errors",
        "shared.credits.service -> shared.jobs.errors", DIRECTION),
    "shared/usage/service.py": (
        "from shared.identity import service",
        "shared.usage.service -> shared.identity.service", DIRECTION),
    "shared/crawl/plan.py": (
        "from shared.app import services", "shared.crawl.plan -> shared.app", DIRECTION),
    "shared/app/start.py": (
        "import functions.jobs", "shared.app.start -> functions.jobs", DIRECTION),
    "functions/timers.py": (
        "import orchestrations.engine", "functions.timers -> orchestrations.engine", DIRECTION),
    "shared/platform/model.py": (
        "from shared.fetch import hosts", "shared.platform.model -> shared.fetch.hosts", DIRECTION),
    "shared/platform/data/db.py": (
        "from shared.platform.http import call",
        "shared.platform.data.db -> shared.platform.http.call", PLATFORM),
    "shared/platform/settings/parts.py": (
        "import shared.platform.observe",
        "shared.platform.settings.parts -> shared.platform.observe", PLATFORM),
    "shared/health/service.py": (
        "from scripts.bench import load", "shared.health.service -> scripts.bench.load", APART),
    "functions/queues.py": (
        "import scripts.floors", "functions.queues -> scripts.floors", APART),
    "scripts/crawl/report.py": (
        "from scripts.devhost.paths import ROOT",
        "scripts.crawl.report -> scripts.devhost.paths", CLIENT),
    "scripts/crawl/run.py": (
        "from scripts import local_crawl", "scripts.crawl.run -> scripts.local_crawl", CLIENT),
    "scripts/crawl/api.py": (
        "from shared.credits.tiers import TIERS",
        "scripts.crawl.api -> shared.credits.tiers", CLIENT),
    "scripts/devhost/imageweb/server.py": (
        "from scripts.devhost.stack import layout",
        "scripts.devhost.imageweb.server -> scripts.devhost.stack.layout", LOCAL),
    "scripts/devhost/node.py": (
        "from scripts.devhost.imageweb import catalogue",
        "scripts.devhost.node -> scripts.devhost.imageweb.catalogue", LOCAL),
}  # fmt: skip


def only_python(folder: str, names: list[str]) -> list[str]:
    return [n for n in names if not n.endswith(".py") and not (Path(folder) / n).is_dir()]


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What import-linter refuses of a copy with all these lines, by rule."""
    root = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", root)
    for package in RULES["root_packages"]:
        shutil.copytree(ROOT / package, root / package, ignore=only_python)
    for file, (line, _, _) in BREACHES.items():
        with (root / file).open("a") as source:
            source.write(f"\n{line}\n")
    done = subprocess.run(
        [sys.executable, "-c", LINTER, "--no-cache", "--no-logo"],
        cwd=root, capture_output=True, text=True, env={"COLUMNS": "500"},
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    parts = re.split(r"^(.+)\n-{5,}\n", done.stdout, flags=re.MULTILINE)[1:]
    return {
        rule: set(re.findall(r"^- +(\S+ -> \S+)", part, re.MULTILINE))
        for rule, part in zip(parts[::2], parts[1::2], strict=True)
    }


@pytest.mark.parametrize(("_", "imported", "rule"), BREACHES.values(), ids=BREACHES)
def test_what_breaks_a_rule_is_refused(
    refused: dict[str, set[str]], _: str, imported: str, rule: str
) -> None:
    assert imported in refused[rule]


def test_every_rule_is_tried() -> None:
    assert {rule for _, _, rule in BREACHES.values()} == {c["name"] for c in RULES["contracts"]}


def test_private_modules_are_refused_to_nobody_else(refused: dict[str, set[str]]) -> None:
    assert refused[PRIVATE] == {imp for _, imp, rule in BREACHES.values() if rule == PRIVATE}


def unranked(packages: Iterable[str]) -> set[str]:
    """Those that no layer names."""
    layers = " | ".join(RULES["contracts"][0]["layers"]).split(" | ")
    return set(packages) - set(layers)


def test_every_package_has_its_layer() -> None:
    assert unranked(f"shared.{p.parent.name}" for p in ROOT.glob("shared/*/__init__.py")) == set()


def test_a_package_without_one_is_found() -> None:
    assert unranked(["shared.jobs", "functions", "shared.others"]) == {"shared.others"}
