"""The README's commands, run as written, one after the other, in a copy of the project."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    for line in block.splitlines()
]
RUNS_THESE_TESTS = "./scripts/test.sh"
BENCH = "./scripts/bench.sh crawl --images 100 --rounds 1 --alone"  # see test_performance_page.py
DOCTOR = ".venv/bin/python scripts/doctor.py --help"
SETTINGS = "./scripts/stack.sh up --settings"
START_DEV = ("./scripts/start-dev.sh --check", "./scripts/start-dev.sh --help")
SHARED = ("npm", "imageweb")  # downloads and drawn pictures: once per machine is enough


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pixcrawler-readme-") as directory:
        copy = Path(directory) / "pixcrawler"
        for name in _tracked_files():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
        Path(directory).chmod(0o755)
        (copy / ".local").mkdir()
        (copy / ".venv").symlink_to(ROOT / ".venv")
        for name in SHARED:
            (ROOT / ".local" / name).mkdir(parents=True, exist_ok=True)
            (copy / ".local" / name).symlink_to(ROOT / ".local" / name)
        yield copy
        run(copy, "./scripts/stack.sh down")


def _tracked_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def run(project: Path, command: str) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=project, capture_output=True, text=True, timeout=300,
        env={**os.environ, "COLUMNS": "80"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def test_the_commands_are_those_we_know() -> None:
    assert list(COMMANDS) == [
        "./scripts/demo.sh",
        "./scripts/crawl.sh cat tree --max-images 40 --out dataset",
        "./scripts/stack.sh up",
        "./scripts/stack.sh status",
        "./scripts/stack.sh down",
        "python3 -c \"import json; print(json.load(open('.local/stack.json'))['api_url'])\"",
        SETTINGS,
        DOCTOR,
        *START_DEV,
        RUNS_THESE_TESTS,
        BENCH,
        "./scripts/lock.sh",
    ]


class TestCommands:
    def test_demo(self, project: Path) -> None:
        output = run(project, COMMANDS[0])
        assert "Every distinct good image is there once, and nothing else." in output
        rows = (project / "demo-dataset/metadata.jsonl").read_text().splitlines()
        assert len(rows) == 288
        for row in map(json.loads, rows):
            assert (project / "demo-dataset" / row["file_name"]).stat().st_size == row["bytes"]

    def test_crawl(self, project: Path) -> None:
        output = run(project, COMMANDS[1])
        assert "40 images in" in output
        assert len(list((project / "dataset").glob("*/*.*"))) == 40
        assert (project / "dataset/preview.html").exists()

    def test_stack(self, project: Path) -> None:
        assert "http://127.0.0.1:" in run(project, COMMANDS[2])
        run(project, COMMANDS[3])
        assert run(project, COMMANDS[5]).startswith("http://127.0.0.1:")
        run(project, COMMANDS[4])
        assert not (project / ".local/stack.json").exists()

    def test_settings(self, project: Path) -> None:
        assert "local.settings.json: func start" in run(project, SETTINGS)
        assert (project / "local.settings.json").stat().st_mode & 0o777 == 0o600
        run(project, COMMANDS[4])
        (project / "local.settings.json").unlink()

    def test_checks(self, project: Path) -> None:
        assert "--connection-limit" in run(project, DOCTOR)
        assert run(project, START_DEV[0]).splitlines()[-1] == "Everything is there."
        assert "--frontend" in run(project, START_DEV[1])
