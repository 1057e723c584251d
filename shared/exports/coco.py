"""Annotations as COCO has them: one box an image, which is all of it."""

import json
from typing import Any

from shared.exports.model import Member, Summary


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
        self._images: list[str] = []
        self._boxes: list[str] = []

    def add(self, member: Member, name: str) -> None:
        """Takes an image in; its file is called by the last part of ``name``."""
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
        box = {
            "id": record.image_id,
            "image_id": record.image_id,
            "category_id": self._categories[record.label],
            "bbox": [0, 0, file.width, file.height],
            "area": file.width * file.height,
            "iscrowd": 0,
            "segmentation": [],
        }
        self._images.append(_text(image))
        self._boxes.append(_text(box))

    def end(self) -> bytes:
        """The file."""
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
        head = _text({"info": info, "licenses": licenses, "categories": categories})
        images, boxes = ",\n".join(self._images), ",\n".join(self._boxes)
        return f'{head[:-1]}, "images": [{images}], "annotations": [{boxes}]}}'.encode()


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
