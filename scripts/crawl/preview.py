"""The contact sheet: one HTML page that shows a dataset, by label, with its credits."""

from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem;
         padding: 0 1rem; color: #1c1c1e; background: #fafafa }}
  h1 {{ margin-bottom: 0 }}
  h2 {{ margin: 2rem 0 .5rem; font-size: 1.1rem }}
  small, figcaption {{ color: #6b6b70 }}
  section {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr));
            gap: .75rem }}
  figure {{ margin: 0 }}
  img {{ width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: .5rem;
        background: #e5e5ea }}
  figcaption {{ font-size: .72rem; white-space: nowrap; overflow: hidden;
               text-overflow: ellipsis }}
</style>
<h1>{title}</h1>
<p><small>{summary}</small></p>
{sections}
</html>
"""


def write_preview(path: Path, job: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Writes the page; ``rows`` are those of the index, sorted by file name."""
    sections = "\n".join(
        _section(label, list(group)) for label, group in groupby(rows, key=lambda r: r["label"])
    )
    megabytes = sum(row["bytes"] or 0 for row in rows) / 1e6
    summary = f"{len(rows)} images, {megabytes:.1f} MB, {len(job['keywords'])} keywords"
    page = PAGE.format(title=escape(job["name"]), summary=summary, sections=sections)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _section(label: str, rows: list[dict[str, Any]]) -> str:
    figures = "\n".join(_figure(row) for row in rows)
    heading = f"<h2>{escape(label)} <small>{len(rows)}</small></h2>"
    return f"{heading}\n<section>\n{figures}\n</section>"


def _figure(row: dict[str, Any]) -> str:
    file = quote(row["file_name"])
    caption = escape(row["attribution"] or row["creator"] or row["source"] or "")
    size = f"{row['width']}×{row['height']}"
    return (
        f'<figure><a href="{file}"><img src="{file}" loading="lazy" alt="{escape(row["label"])}" '
        f'title="{size}"></a><figcaption title="{caption}">{caption}</figcaption></figure>'
    )
