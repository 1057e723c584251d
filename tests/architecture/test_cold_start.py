"""Importing the app loads no driver, client or codec: an instance that starts is ready soon."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "azure.core", "azure.identity", "azure.keyvault", "azure.storage", "cryptography", "httpx",
    "jwt", "limits", "loguru", "PIL", "prometheus_client", "psycopg", "psycopg_pool", "redis",
    "supabase", "supabase_auth", "tenacity",
)  # fmt: skip
LIST = "import sys, function_app; print(*sys.modules)"
EARLY = "from shared.sources import registry; registry.SOURCES"  # as a trigger's module could
USE = (
    "import sys, function_app; [m.__dict__ for n, m in [*sys.modules.items()] if n[:6] == 'shared']"
)


def run(statement: str) -> str:
    done = subprocess.run([sys.executable, "-c", statement], capture_output=True, text=True, env={})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_app_loads_nothing_it_does_not_need() -> None:
    assert not set(HEAVY) & set(run(LIST).split())


def test_what_is_loaded_too_early_is_found() -> None:
    assert {"httpx", "tenacity"} <= set(HEAVY) & set(run(f"{EARLY}; {LIST}").split())


def test_what_is_put_off_until_it_is_used_does_not_fail_then() -> None:
    run(USE)


def test_what_fails_when_it_is_used_is_found(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("from shared.jobs import nothing")
    also = f"import shared; shared.__path__.append({str(tmp_path)!r}); import shared.broken"
    with pytest.raises(AssertionError, match="cannot import name 'nothing'"):
        run(f"{also}; {USE}")
