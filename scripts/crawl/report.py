"""The dataset's report: ``report.json`` for programs, a dataset card with pictures for people."""

import json
from html import escape
from itertools import count
from pathlib import Path
from typing import Any, Final

# Longest side in pixels, in the order in which the histogram shows them.
SIZES: Final = ("under 256", "256-511", "512-1023", "1024-2047", "2048 and more", "unknown")
_HEADER: Final = """---
pretty_name: {name}
license: other
task_categories:
- image-classification
size_categories:
- {category}
---
"""
_CATEGORIES: Final = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
)


def write_report(
    out: Path, job: dict[str, Any], stats: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    """Writes ``report.json``, ``README.md`` and the histograms that it shows."""
    sizes = {size: stats["sizes"][size] for size in SIZES if size in stats["sizes"]}
    report = {
        "job": {key: job[key] for key in ("id", "name", "keywords", "engines", "filters",
                                          "max_images", "status", "failure_reason",
                                          "started_at", "completed_at")},
        "images": len(rows),
        "bytes": sum(row["bytes"] or 0 for row in rows),
        **stats,
        "sizes": sizes,
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, ensure_ascii=False, indent=2) + "\n"
    (out / "report.json").write_text(text, encoding="utf-8")
    charts = {"sizes": ("Longest side in pixels", sizes), "formats": ("Format", stats["formats"])}
    for name, (title, counts) in charts.items():
        (out / f"{name}.svg").write_text(bar_chart(title, counts), encoding="utf-8")
    (out / "README.md").write_text(_card(report), encoding="utf-8")


def bar_chart(title: str, counts: dict[str, int]) -> str:
    """An SVG with one horizontal bar per entry."""
    most = max(counts.values(), default=1)
    bars = [
        f'<text x="130" y="{y}" text-anchor="end">{escape(label)}</text>'
        f'<rect x="140" y="{y - 12}" width="{round(320 * number / most)}" height="16" rx="3"/>'
        f'<text x="{146 + round(320 * number / most)}" y="{y}">{number}</text>'
        for y, (label, number) in zip(count(54, 24), counts.items(), strict=False)
    ]
    height = 50 + 24 * len(counts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="540" height="{height}" '
        f'viewBox="0 0 540 {height}" font-family="system-ui, sans-serif" font-size="13" '
        f'fill="#3a6ea5"><text x="10" y="22" font-weight="bold">{escape(title)}</text>'
        f"{''.join(bars)}</svg>\n"
    )


def _card(report: dict[str, Any]) -> str:
    job, images = report["job"], report["images"]
    category = next((name for most, name in _CATEGORIES if images < most), "n>1M")
    sections = [
        _HEADER.format(name=json.dumps(job["name"], ensure_ascii=False), category=category),
        f"# {_line(job['name'])}\n",
        f"{images} images, {report['bytes'] / 1e6:.1f} MB, made from {len(job['keywords'])} "
        "keywords. Each image's label, source page, creator and licence stand in "
        "`metadata.jsonl`; `preview.html` shows them.\n",
        _table("Keyword", {entry["keyword"]: entry["stored"] for entry in report["keywords"]}),
        _table("Source", report["engines"]),
        _table("Licence", report["licenses"]),
        "![Sizes](sizes.svg) ![Formats](formats.svg)\n",
        "Candidates that were found and what became of them:\n",
        _table("Outcome", report["outcomes"], "Candidates"),
    ]
    return "\n".join(sections)


def _table(what: str, counts: dict[str, int], of: str = "Images") -> str:
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"| {what} | {of} |", "| --- | ---: |"]
    return "\n".join([*lines, *(f"| {_line(name)} | {number} |" for name, number in rows)]) + "\n"


def _line(text: str) -> str:
    """The text on one line of Markdown, which it cannot leave."""
    plain = " ".join(text.split())
    return "".join(f"\\{character}" if character in r"\`*_[]<>|#" else character
                   for character in plain)  # fmt: skip
