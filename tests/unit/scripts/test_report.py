"""The report of a dataset: for programs, for people, and safe to show."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from scripts.crawl.report import bar_chart, write_report

JOB: dict[str, Any] = {
    "id": 7, "name": "cats | <b>dogs</b>", "keywords": ["cat", "dog"], "engines": ["openverse"],
    "filters": {}, "max_images": 10, "status": "completed", "failure_reason": None,
    "started_at": None, "completed_at": None,
}  # fmt: skip
STATS: dict[str, Any] = {
    "outcomes": {"stored": 3, "http_404": 2},
    "keywords": [
        {"keyword": "cat", "stored": 2, "outcomes": {"stored": 2}},
        {"keyword": "dog", "stored": 1, "outcomes": {"stored": 1, "http_404": 2}},
    ],
    "engines": {"openverse": 3},
    "licenses": {"by": 2, "cc0": 1},
    "formats": {"jpeg": 3},
    "sizes": {"512-1023": 1, "under 256": 2},
}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    write_report(tmp_path, JOB, STATS, [{"bytes": 1_500_000}, {"bytes": None}, {"bytes": 500_000}])
    return tmp_path


def test_programs_get_every_count(out: Path) -> None:
    report = json.loads((out / "report.json").read_text())
    assert (report["images"], report["bytes"]) == (3, 2_000_000)
    assert report["outcomes"] == STATS["outcomes"]
    assert list(report["sizes"]) == ["under 256", "512-1023"]


def test_people_get_tables_and_nothing_that_is_markup(out: Path) -> None:
    card = (out / "README.md").read_text()
    assert "# cats \\| \\<b\\>dogs\\</b\\>" in card
    assert "| cat | 2 |" in card
    assert "| http\\_404 | 2 |" in card
    assert "size_categories:\n- n<1K" in card


def test_the_charts_show_every_bar(out: Path) -> None:
    for name, bars in (("sizes", 2), ("formats", 1)):
        chart = ET.fromstring((out / f"{name}.svg").read_text())
        assert len(chart.findall("{http://www.w3.org/2000/svg}rect")) == bars


def test_a_chart_of_nothing_is_a_chart() -> None:
    assert "rect" not in bar_chart("Format", {})
