"""What has to be read at once is short: files, folders of the platform, the list of blueprints."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = {
    path.relative_to(ROOT): len(path.read_text().splitlines())
    for folder in ("shared", "functions", "orchestrations", "scripts")
    for path in (ROOT / folder).rglob("*.py")
}
MAX_LINES = 300
MAX_MODULES = 14


def long(files: Mapping[Path, int], most: int = MAX_LINES) -> list[str]:
    """The files with more lines than that."""
    return [str(path) for path, lines in files.items() if lines > most]


def crowded(files: Iterable[Path]) -> list[str]:
    """The folders with more modules than one can know."""
    modules = Counter(path.parent for path in files)
    return [str(folder) for folder in modules if modules[folder] > MAX_MODULES]


def test_files_are_short_enough_to_read() -> None:
    assert len(FILES) > 300
    assert long(FILES) == []


def test_folders_of_the_platform_are_small_enough_to_know() -> None:
    platform = [path for path in FILES if path.is_relative_to("shared/platform")]
    assert len(platform) > 50
    assert crowded(platform) == []


def test_function_app_only_registers() -> None:
    app = Path("function_app.py")
    assert long({app: len((ROOT / app).read_text().splitlines())}, 40) == []


def test_the_worker_leaves_to_microsoft_how_functions_run() -> None:
    shim = Path("scripts/devhost/host/worker")
    lines = [lines for path, lines in FILES.items() if path.is_relative_to(shim)]
    assert len(lines) == 2
    assert long({shim: sum(lines)}, 299) == []


@pytest.mark.parametrize("lines", [MAX_LINES, MAX_LINES + 1])
def test_a_long_file_is_found(lines: int) -> None:
    assert long({Path("a.py"): lines}) == ["a.py"] * (lines > MAX_LINES)


@pytest.mark.parametrize("modules", [MAX_MODULES, MAX_MODULES + 1])
def test_a_crowded_folder_is_found(modules: int) -> None:
    files = [Path(f"shared/platform/net/{number}.py") for number in range(modules)]
    assert crowded([*files, Path("shared/platform/a.py")]) == (
        ["shared/platform/net"] * (modules > MAX_MODULES)
    )
