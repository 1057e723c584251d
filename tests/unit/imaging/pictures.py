"""Real photographs from scikit-image and their variants, made in memory."""

import io
from functools import cache
from typing import Any

import numpy as np
from PIL import Image
from skimage import data

PHOTOS = (
    "astronaut", "camera", "cat", "cell", "clock", "coffee", "coins",
    "hubble_deep_field", "immunohistochemistry", "moon", "retina", "rocket",
)  # fmt: skip
TEXTURES = ("brick", "grass", "gravel")


@cache
def photo(name: str) -> Image.Image:
    image = Image.fromarray(np.asarray(getattr(data, name)()))
    return image.convert("RGB")


def crops(name: str, each: int = 2) -> list[Image.Image]:
    """The photograph and ``each * each`` overlapping parts of it, pictures of their own."""
    whole = photo(name)
    width, height = whole.size
    part = 2 / 3 if each == 2 else 1 / 2
    steps = [(1 - part) * step / (each - 1) for step in range(each)]
    return [whole] + [
        whole.crop(
            (int(x * width), int(y * height), int((x + part) * width), int((y + part) * height))
        )
        for x in steps
        for y in steps
    ]


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
