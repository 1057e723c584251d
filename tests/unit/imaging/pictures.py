"""Real photographs from scikit-image and their variants, made in memory."""

import io
from functools import cache
from typing import Any

import numpy as np
from PIL import Image
from skimage import data

PHOTOS = (
    "astronaut", "camera", "cat", "cell", "chelsea", "clock", "coffee", "coins",
    "hubble_deep_field", "immunohistochemistry", "moon", "retina", "rocket",
)  # fmt: skip
TEXTURES = ("brick", "grass", "gravel")


@cache
def photo(name: str) -> Image.Image:
    image = Image.fromarray(np.asarray(getattr(data, name)()))
    return image.convert("RGB")


def crops(name: str) -> list[Image.Image]:
    """The photograph and four overlapping parts of it, which are pictures of their own."""
    whole = photo(name)
    width, height = whole.size
    return [whole] + [
        whole.crop((x, y, x + width * 2 // 3, y + height * 2 // 3))
        for x in (0, width // 3)
        for y in (0, height // 3)
    ]


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
