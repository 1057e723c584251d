"""How images are to be encoded, without what encodes them."""

from dataclasses import dataclass
from typing import Literal

ImageFormat = Literal["jpg", "png", "webp"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How images are encoded; ``max_side`` is the most pixels that a side keeps."""

    format: ImageFormat
    quality: int = 85
    lossless: bool = False
    max_side: int | None = None
