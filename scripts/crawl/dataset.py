"""A job's images as a folder: one file per image, an index, and a contact sheet."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from scripts.crawl.api import Api, ApiError
from scripts.crawl.folders import folder_names
from scripts.crawl.preview import write_preview

DOWNLOADS = 8


def save_dataset(
    api: Api, job: dict[str, Any], out: Path, *, advance: Callable[[], None]
) -> list[dict[str, Any]]:
    """Downloads what ``out`` does not hold yet and writes the two indexes; the rows of the index.

    ``advance`` is called after each image.
    """
    images = list(api.every(f"jobs/{job['id']}/images", is_duplicate="false"))
    folders = folder_names(image["label"] for image in images)
    by_name = {f"{folders[image['label']]}/{image['filename']}": image for image in images}
    rows = [_row(name, image) for name, image in sorted(by_name.items())]

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


def _row(name: str, image: dict[str, Any]) -> dict[str, Any]:
    proof = image["license_proof"] or {}
    return {
        "file_name": name,
        "label": image["label"],
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
        "license_stated": proof.get("stated"),
        "license_answer_url": proof.get("address"),
        "license_answer_date": proof.get("at"),
        "license_answer_sha256": proof.get("sha256"),
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
