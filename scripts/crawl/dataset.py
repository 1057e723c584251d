"""A job's images as a folder: one file per image, an index, and a contact sheet."""

import hashlib
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from scripts.crawl.api import Api, ApiError
from scripts.crawl.preview import write_preview

DOWNLOADS = 8


def save_dataset(
    api: Api, job: dict[str, Any], out: Path, *, advance: Callable[[], None]
) -> list[dict[str, Any]]:
    """Downloads what ``out`` does not hold yet and writes the two indexes; the rows of the index.

    ``advance`` is called after each image.
    """
    images = list(api.every(f"jobs/{job['id']}/images", is_duplicate="false"))
    rows = sorted((_row(image) for image in images), key=lambda row: row["file_name"])
    by_name = {_row(image)["file_name"]: image for image in images}

    def save(row: dict[str, Any]) -> None:
        _save_image(api, by_name[row["file_name"]], out / row["file_name"])
        advance()

    with ThreadPoolExecutor(DOWNLOADS) as pool:
        for _ in pool.map(save, rows):
            pass
    lines = (json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
    (out / "metadata.jsonl").write_text("".join(lines), encoding="utf-8")
    write_preview(out / "preview.html", job, rows)
    return rows


def folder_name(keyword: str) -> str:
    """The keyword as a folder: no separators, no leading dot, never empty."""
    return re.sub(r"[^\w \-]", "_", keyword).strip() or "_"


def _row(image: dict[str, Any]) -> dict[str, Any]:
    return {
        "file_name": f"{folder_name(image['keyword'])}/{image['filename']}",
        "label": image["keyword"],
        "width": image["width"],
        "height": image["height"],
        "bytes": image["file_size"],
        "sha256": image["hash"],
        "url": image["original_url"],
        "source": image["engine"],
        "source_page": image["source_page_url"],
        "creator": image["creator"],
        "license": image["license"],
        "license_url": image["license_url"],
        "attribution": image["attribution"],
    }


def _save_image(api: Api, image: dict[str, Any], path: Path) -> None:
    if path.exists() and _sha256(path.read_bytes()) == image["hash"]:
        return
    content = api.content(f"images/{image['id']}/download")
    if _sha256(content) != image["hash"]:
        raise ApiError(f"Image {image['id']} arrived damaged.")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_bytes(content)
    partial.replace(path)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
