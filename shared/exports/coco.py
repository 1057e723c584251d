"""Annotations as COCO has them: one box an image, which is all of it."""

import json
from collections.abc import Iterator
from typing import Any

from shared.exports.model import Member, Summary

_IMAGES = '{"images": ['


class Annotations:
    """The JSON of one split: https://cocodataset.org/#format-data.

    Numbers of categories and licences begin with 1, as in COCO's own files.
    """

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._categories = {label: number for number, label in enumerate(summary.labels, 1)}
        self._licenses = {
            code: number for number, code in enumerate(sorted(summary.figures.licenses), 1)
        }
        self._boxes: list[tuple[int, int, int, int]] = []  # image, category, width, height

    def add(self, member: Member, name: str) -> bytes:
        """What follows in the file; the image's own is called by the last part of ``name``."""
        record, file = member.record, member.file
        image = {
            "id": record.image_id,
            "file_name": name.rpartition("/")[2],
            "width": file.width,
            "height": file.height,
            "license": self._licenses[record.license or "unknown"],
            "coco_url": record.url,
            "sha256": file.sha256,
            "caption": record.caption,
            "attribution": record.attribution,
        }
        before = ",\n" if self._boxes else _IMAGES
        category = self._categories[record.label]
        self._boxes.append((record.image_id, category, file.width, file.height))
        return (before + _text(image)).encode()

    def end(self) -> Iterator[bytes]:
        """What comes after all images."""
        if not self._boxes:
            yield _IMAGES.encode()
        before = '], "annotations": ['
        for image, category, width, height in self._boxes:
            box = {
                "id": image,
                "image_id": image,
                "category_id": category,
                "bbox": [0, 0, width, height],
                "area": width * height,
                "iscrowd": 0,
                "segmentation": [],
            }
            yield (before + _text(box)).encode()
            before = ",\n"
        if not self._boxes:
            yield before.encode()
        yield ("], " + _text(self._head())[1:]).encode()

    def _head(self) -> dict[str, Any]:
        summary = self._summary
        info = {
            "description": summary.name,
            "version": summary.version,
            "year": summary.created_at.year,
            "date_created": f"{summary.created_at:%Y/%m/%d}",
        }
        licenses = [
            {
                "id": number,
                "name": code,
                "url": next(iter(summary.figures.license_urls.get(code, [])), ""),
            }
            for code, number in self._licenses.items()
        ]
        categories = [{"id": number, "name": label} for label, number in self._categories.items()]
        return {"info": info, "licenses": licenses, "categories": categories}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
