"""Rules of the code base that a reader may rely on, checked on the source itself."""

import ast
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
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


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


@pytest.mark.parametrize(
    "path",
    [ROOT / "orchestrations" / name for name in ("crawl.py", "names.py", "retry.py")],
    ids=name_of,
)
class TestOrchestrators:
    FORBIDDEN_CALLS = ("now", "utcnow", "today", "time", "monotonic", "uuid4", "uuid1", "random")
    ALLOWED_IMPORTS = ("collections", "datetime", "typing", "azure", "orchestrations")

    def test_import_nothing_that_does_io(self, path: Path) -> None:
        assert {top(module) for module in imports(path)} <= set(self.ALLOWED_IMPORTS)

    def test_are_deterministic(self, path: Path) -> None:
        for node in ast.walk(ast.parse(path.read_text())):
            assert not isinstance(node, ast.Await | ast.AsyncFunctionDef), f"line {node.lineno}"
            if isinstance(node, ast.Attribute):
                assert node.attr not in (*self.FORBIDDEN_CALLS, "environ"), f"line {node.lineno}"


def test_continuous_integration_is_the_documented_command() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        "exec ./scripts/test.sh"
    ]
