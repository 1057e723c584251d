"""Encoding an image anew: another format, another quality, fewer pixels."""

import io
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image, ImageOps

from shared.imaging.encoding import Encoding

_WHITE: Final = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Encoded:
    """An image that was encoded anew."""

    body: bytes
    width: int
    height: int


def encode(body: bytes, encoding: Encoding) -> Encoded:
    """The first picture of an image that was judged sound, upright, without metadata.

    The same bytes come of the same input with the same version of Pillow. Costs CPU: call it in a
    thread.
    """
    with Image.open(io.BytesIO(body)) as image:
        if encoding.max_side:  # a JPEG is decoded at a fraction of its size
            image.draft("RGB", (encoding.max_side, encoding.max_side))
        with suppress(Exception):  # broken metadata does not break the picture
            ImageOps.exif_transpose(image, in_place=True)
        picture = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if encoding.max_side:
        picture.thumbnail((encoding.max_side, encoding.max_side), Image.Resampling.LANCZOS)
    if encoding.format == "jpg" and picture.mode == "RGBA":
        ground = Image.new("RGB", picture.size, _WHITE)
        ground.paste(picture, mask=picture.getchannel("A"))
        picture = ground
    buffer = io.BytesIO()
    picture.save(buffer, **_parameters(encoding))
    return Encoded(buffer.getvalue(), *picture.size)


def _parameters(encoding: Encoding) -> dict[str, Any]:
    match encoding.format:
        case "jpg":
            return {"format": "JPEG", "quality": encoding.quality, "optimize": True}
        case "png":
            return {"format": "PNG", "optimize": False}
        case "webp":
            lossless = encoding.lossless
            return {"format": "WEBP", "quality": encoding.quality, "lossless": lossless}
