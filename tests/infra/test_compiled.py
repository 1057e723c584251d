"""The compiler's word is kept beside the sources that it is of."""

import json
import shutil
from pathlib import Path

import pytest

from scripts.azure import OperationError
from scripts.azure.compiled import (
    COMPILED,
    INFRA,
    MANIFEST,
    compare,
    find_compiler,
    parameter_files,
    require_current,
    sources,
)


@pytest.fixture
def infra(tmp_path: Path) -> Path:
    return Path(shutil.copytree(INFRA, tmp_path / "infra"))


def test_is_of_the_sources_that_are_there() -> None:
    require_current()


def test_the_workflow_compiles_with_the_same_compiler() -> None:
    version = json.loads((INFRA / COMPILED / MANIFEST).read_text())["bicep"]
    workflow = (INFRA.parent / ".github/workflows/deploy.yml").read_text()
    # The runner has another one, which az would take: it must be told in each job that compiles.
    assert workflow.count(f"az bicep install --version v{version}\n") == 4
    assert 'BICEP="$HOME/.azure/bin/bicep" ./scripts/compile_infra.sh --check' in workflow


def test_is_made_of_every_parameter_file() -> None:
    assert {file.name for file in (INFRA / COMPILED).iterdir()} == {
        MANIFEST,
        *(f"{file.stem}.json" for file in parameter_files()),
    }


@pytest.mark.parametrize("file", sources(), ids=lambda file: str(file.relative_to(INFRA)))
def test_a_change_is_seen(infra: Path, file: Path) -> None:
    changed = infra / file.relative_to(INFRA)
    changed.write_text(changed.read_text() + "\n")
    with pytest.raises(OperationError, match=r"run \./scripts/compile_infra\.sh"):
        require_current(infra)


def test_a_new_file_is_seen(infra: Path) -> None:
    (infra / "modules/new.bicep").write_text("param name string\n")
    with pytest.raises(OperationError):
        require_current(infra)


def test_another_word_is_seen(infra: Path) -> None:
    compare(infra / COMPILED, INFRA / COMPILED)
    (infra / COMPILED / "prod.json").write_text("{}")
    (infra / COMPILED / "dev.json").unlink()
    with pytest.raises(OperationError, match=r"says now: dev\.json, prod\.json;"):
        compare(infra / COMPILED, INFRA / COMPILED)


def test_no_compiler_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BICEP", raising=False)
    with pytest.raises(OperationError, match="az bicep install"):
        find_compiler()
    monkeypatch.setenv("BICEP", str(tmp_path / "bicep"))
    with pytest.raises(OperationError, match="which is no program"):
        find_compiler()
