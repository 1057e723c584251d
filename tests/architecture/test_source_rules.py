"""Rules of the code base that a reader may rely on, checked on the source itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("shared", "functions", "orchestrations")
MAX_LINES = 300


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[str]:
    return imported(ast.parse(path.read_text()))


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules, with those that are imported by name from our own package of orchestrations."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "orchestrations":
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def top(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("path", python_files(*PRODUCT, "scripts"), ids=name_of)
def test_file_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES


def test_function_app_only_registers() -> None:
    assert len((ROOT / "function_app.py").read_text().splitlines()) <= 40


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
def test_only_repositories_speak_sql(path: Path) -> None:
    is_repository = path.name.endswith("repo.py") or name_of(path) == "shared/platform/db.py"
    assert is_repository or not {m for m in imports(path) if top(m) in ("psycopg", "psycopg_pool")}


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
def test_a_domain_uses_anothers_service_never_its_tables(path: Path) -> None:
    layers_below = {"platform", "crawl", path.parent.name}
    for module in imports(path):
        match module.split("."):
            case ["shared", domain, "repo"]:
                assert domain in layers_below


@pytest.mark.parametrize("path", python_files("shared"), ids=name_of)
def test_shared_code_knows_azure_functions_in_one_place(path: Path) -> None:
    known = {m for m in imports(path) if m.startswith(("azure.functions", "azure.durable"))}
    assert not known or name_of(path) == "shared/platform/endpoint.py"


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
def test_logging_goes_through_one_module(path: Path) -> None:
    assert name_of(path) == "shared/platform/logging.py" or "logging" not in set(imports(path))


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
def test_sql_is_never_put_together(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in (
            "execute",
            "executemany",
        ):
            query = node.args[0]
            assert isinstance(query, ast.Name) or (
                isinstance(query, ast.Constant) and isinstance(query.value, str)
            ), f"line {node.lineno}"


def orchestrators() -> list[Path]:
    """The files that define orchestrations, and those of theirs that they import."""
    files = python_files("orchestrations")
    found = [path for path in files if "orchestration_trigger" in path.read_text()]
    for path in found:  # and what is found on the way
        known = {ROOT / f"{module.replace('.', '/')}.py" for module in imports(path)}
        found += sorted(known & set(files) - set(found))
    return found


class TestOrchestrators:
    FORBIDDEN = (
        "now", "utcnow", "today", "time", "monotonic", "perf_counter", "uuid4", "uuid1", "random",
        "environ", "getenv", "open",
    )  # fmt: skip
    ALLOWED_IMPORTS = (
        "collections.abc", "dataclasses", "datetime", "typing", "azure.durable_functions",
        "orchestrations", "orchestrations.names", "orchestrations.engine",
    )  # fmt: skip

    @classmethod
    def breaches(cls, source: str) -> list[str]:
        """What in it depends on more than the history, or does I/O."""
        tree = ast.parse(source)
        found = [f"import {m}" for m in sorted(set(imported(tree)) - set(cls.ALLOWED_IMPORTS))]
        for node in ast.walk(tree):
            match node:
                case ast.Await() | ast.AsyncFunctionDef() | ast.AsyncFor() | ast.AsyncWith():
                    found.append("await")
                case ast.Attribute(attr=name) | ast.Name(id=name) if name in cls.FORBIDDEN:
                    found.append(name)
        return found

    def test_all_are_looked_at(self) -> None:
        assert [path.name for path in orchestrators()] == ["crawl.py", "engine.py", "names.py"]

    @pytest.mark.parametrize("path", orchestrators(), ids=name_of)
    def test_depend_on_nothing_but_the_history(self, path: Path) -> None:
        assert self.breaches(path.read_text()) == []

    @pytest.mark.parametrize(
        "line",
        [
            "from datetime import datetime; datetime.now()", "import time", "uuid.uuid4()",
            "from uuid import uuid4", "random.random()", "import os", "os.environ['A']",
            "async def a(): await b()", "import httpx", "from shared.platform import bootstrap",
            "from orchestrations import crawl_activities", "import azure.storage.blob",
            "open('file')",
        ],
    )  # fmt: skip
    def test_what_is_forbidden_is_found(self, line: str) -> None:
        assert self.breaches(line)


class TestDurableContext:
    """Retries beside open tasks kill an instance on Azure: one module knows how to make them."""

    ENGINE = "orchestrations/engine.py"

    @staticmethod
    def policies(source: str) -> list[str]:
        """Where it uses a retry policy of the SDK."""
        return re.findall(r"\w+_with_retry|RetryOptions", source)

    @staticmethod
    def uses(source: str) -> list[str]:
        """Where it asks something of the durable context, or waits for a task itself."""
        found = []
        for node in ast.walk(ast.parse(source)):
            match node:
                case ast.Attribute(value=ast.Name(id="context"), attr=name):
                    found.append(name)
                case ast.Assign(value=ast.Name(id="context")):
                    found.append("assigned")
                case ast.Yield():
                    found.append("yield")
        return found

    @pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
    def test_no_retry_policy_is_used(self, path: Path) -> None:
        assert self.policies(path.read_text()) == []

    @pytest.mark.parametrize("path", python_files("orchestrations"), ids=name_of)
    def test_one_module_uses_it(self, path: Path) -> None:
        assert bool(self.uses(path.read_text())) == (name_of(path) == self.ENGINE)

    @pytest.mark.parametrize(
        "line",
        [
            "yield context.call_activity_with_retry('a', policy, 1)", "df.RetryOptions(1, 2)",
            "call = context.call_sub_orchestrator_with_retry", "from azure.x import RetryOptions",
        ],
    )  # fmt: skip
    def test_a_policy_is_found(self, line: str) -> None:
        assert self.policies(line)

    @pytest.mark.parametrize(
        "line",
        [
            "context.call_activity('a', 1)", "started = context.current_utc_datetime",
            "yield task", "self._context = context", "context.continue_as_new(None)",
        ],
    )  # fmt: skip
    def test_a_use_is_found(self, line: str) -> None:
        assert self.uses(line)


class TestWorkerShim:
    """How functions are loaded and called is Microsoft's affair, not that of our worker process."""

    SHIM = python_files("scripts/devhost/host/worker")

    @staticmethod
    def meddling(source: str) -> list[str]:
        """What it imports of Microsoft's SDK for functions."""
        return [module for module in imported(ast.parse(source)) if top(module) == "azure"]

    def test_it_imports_nothing_of_the_sdk(self) -> None:
        assert [self.meddling(path.read_text()) for path in self.SHIM] == [[], []]

    def test_it_is_thin(self) -> None:
        assert sum(len(path.read_text().splitlines()) for path in self.SHIM) < 300

    @pytest.mark.parametrize("line", ["import azure.functions", "from azure.functions import meta"])
    def test_an_import_of_the_sdk_is_found(self, line: str) -> None:
        assert self.meddling(line)


def test_continuous_integration_is_the_documented_command() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        "exec ./scripts/test.sh"
    ]
