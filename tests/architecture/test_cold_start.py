"""Importing the app loads no driver, client or codec: an instance that starts is ready soon."""

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.architecture.test_source_rules import PRODUCT

ROOT = Path(__file__).parents[2]
HEAVY = (
    "azure.core", "azure.identity", "azure.keyvault", "azure.storage", "cryptography", "httpx",
    "jwt", "limits", "loguru", "PIL", "prometheus_client", "psycopg", "psycopg_pool",
    "pydantic_settings", "redis", "supabase", "supabase_auth", "tenacity",
)  # fmt: skip
LIST = "import sys, function_app; print(*sys.modules)"
EARLY = "from shared.sources import registry; registry.SOURCES"  # as a trigger's module could
USE = """
import sys, function_app
used = set()
while new := {name for name in sys.modules if name.startswith("shared")} - used:
    used |= new
    for name in new:
        sys.modules[name].__dict__  # runs it now, which may put off others
print(*used)
"""


def run(statement: str) -> str:
    done = subprocess.run([sys.executable, "-c", statement], capture_output=True, text=True, env={})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_app_loads_nothing_it_does_not_need() -> None:
    assert not set(HEAVY) & set(run(LIST).split())


def test_what_is_loaded_too_early_is_found() -> None:
    assert {"httpx", "tenacity"} <= set(HEAVY) & set(run(f"{EARLY}; {LIST}").split())


def unused(used: str, modules: Iterable[Path]) -> set[str]:
    """Those of the modules that are not among the used ones."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules}
    return {name.removesuffix(".__init__") for name in names} - set(used.split())


def test_what_is_put_off_until_it_is_used_does_not_fail_then() -> None:
    """And all of it is used: by the app, or by what it imports in the end."""
    assert unused(run(USE), (ROOT / "shared").rglob("*.py")) == set()


def test_what_nobody_imports_is_found() -> None:
    assert unused("shared shared.jobs", [ROOT / "shared/jobs/__init__.py"]) == set()
    assert unused("shared shared.jobs", [ROOT / "shared/jobs/left.py"]) == {"shared.jobs.left"}


def test_what_fails_when_it_is_used_is_found(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("from shared.jobs import nothing")
    also = f"import shared; shared.__path__.append({str(tmp_path)!r}); import shared.broken"
    with pytest.raises(AssertionError, match="cannot import name 'nothing'"):
        run(f"{also}; {USE}")


def deferred(source: str) -> list[str]:
    """The imports that its functions make when they are called."""
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [
        ast.unparse(node)
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def test_what_functions_import_is_there() -> None:
    files = [p for folder in PRODUCT for p in (ROOT / folder).rglob("*.py")]
    found = sorted({line for path in files for line in deferred(path.read_text())})
    assert "import psutil" in found
    run("\n".join(found))


def test_what_is_not_there_is_found() -> None:
    found = deferred("import os\nasync def f():\n    from redis import nothing\n")
    assert found == ["from redis import nothing"]
    with pytest.raises(AssertionError, match="cannot import name 'nothing'"):
        run(found[0])
