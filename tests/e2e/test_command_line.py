"""``crawl.sh`` against a service that somebody else runs, with an API key."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from scripts.crawl.api import Api
from scripts.devhost.imageweb.catalogue import Catalogue
from scripts.devhost.paths import ROOT
from scripts.devhost.stack import LocalStack
from tests.crawling import wait_for

PERMISSIONS = ["projects", "jobs:read", "jobs:write", "images:read"]


@pytest.fixture
def command(stack: LocalStack, api: Api) -> list[str]:
    """The command up to its keywords."""
    key = api.post("api-keys", {"name": "command line", "permissions": PERMISSIONS})["key"]
    return [
        sys.executable, "-m", "scripts.crawl", "--api-url", stack.info.api_url, "--api-key", key,
    ]  # fmt: skip


def test_saves_a_dataset_and_again_only_what_is_missing(command: list[str], tmp_path: Path) -> None:
    order = [*command, "cat", "dog", "--max-images", "12", "--out", str(tmp_path)]
    done = subprocess.run(order, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "metadata.jsonl").read_text().splitlines()]
    files = {row["file_name"] for row in rows}
    assert len(files) == 12
    assert Counter(row["label"] for row in rows) == {"cat": 6, "dog": 6}
    assert files == {str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*")}
    assert json.loads((tmp_path / "report.json").read_text())["images"] == 12
    assert "| cat | 6 |" in (tmp_path / "README.md").read_text()
    assert "12 images in" in done.stdout


def test_ctrl_c_stops_the_job(
    command: list[str], api: Api, catalogue: Catalogue, tmp_path: Path
) -> None:
    many = catalogue.keywords[:20]
    order = [*command, *many, "--max-images", "1000", "--out", str(tmp_path)]
    with subprocess.Popen(order, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as crawl:
        job = wait_for(lambda: next(api.every("jobs", status="running"), None), bool)
        crawl.send_signal(signal.SIGINT)
        _, errors = crawl.communicate(timeout=30)
    assert crawl.returncode == 130
    assert b"Traceback" not in errors
    assert api.get(f"jobs/{job['id']}")["status"] == "cancelled"
