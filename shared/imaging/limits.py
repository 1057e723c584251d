"""What may be decoded at all: 2 s and 256 MB an image, told from its header.

A decoder is given nothing that could take more, so that none needs a process of its own. Measured
with one image a process, on 22 MB that the interpreter takes: `tests/security/test_image_bombs.py`.
"""

import io
import re
from typing import Final

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from shared.imaging.rules import Rejection

# At four bytes each, and one more for the grey copy, they leave a fifth of the memory free.
MOST_PIXELS: Final = 40_000_000
# Pillow's WebP decoder holds the picture four times.
MOST_WEBP_PIXELS: Final = 12_500_000
# From CMYK to grey the way leads over RGB. Most JPEGs are reduced before that.
MOST_CMYK_PIXELS: Final = 20_000_000
# A JPEG of many scans is held as coefficients of two bytes until the last one was read.
MOST_COEFFICIENTS: Final = 60_000_000
# Each scan goes over the whole picture again, and a scan may be 50 bytes. Encoders make about ten.
MOST_SCANS: Final = 100
MOST_SCANNED_PIXELS: Final = 1_500_000_000

# Pillow decodes run lengths in Python, up to 0.1 us a pixel.
MOST_RLE_PIXELS: Final = 10_000_000
_RUN_LENGTHS: Final = frozenset({1, 2})  # of a BMP, the only ones to tell their compression so
# Pillow goes through a file's parts in Python too, up to 5 us a read. No program writes so many.
MOST_READS: Final = 250_000
# Pillow copies all EXIF of a JPEG with each further part, and inflates each of a PNG's to 1 MB.
MOST_COSTLY: Final = 100
_COSTLY: Final = {"JPEG": (b"Exif\0\0",), "PNG": (b"iCCP", b"iTXt", b"zTXt")}

# 65 kB of such scans take 3 s, and no browser shows them. A frame of one, three or four components.
_ARITHMETIC: Final = re.compile(rb"\xff[\xc9\xca]\0[\x0b\x11\x14]\x08")
_SCAN: Final = b"\xff\xda"  # inside image data that cannot occur


class BoundedFile(io.BytesIO):
    """A file that ends in an error when it is read in too many parts."""

    _reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        self._reads += 1
        if self._reads > MOST_READS:
            raise ValueError(f"more than {MOST_READS} parts")
        return super().read(size)


def check_parts(kind: str, body: bytes) -> Rejection | None:
    """Judges what opening the file would cost."""
    if sum(map(body.count, _COSTLY.get(kind, ()))) > MOST_COSTLY:
        return Rejection("undecodable", f"more than {MOST_COSTLY} profiles or packed texts")
    return None


def check_limits(image: Image.Image, body: bytes) -> Rejection | None:
    """Judges an image that was opened and not decoded."""
    width, height = image.size
    pixels = width * height
    if pixels > (MOST_WEBP_PIXELS if image.format == "WEBP" else MOST_PIXELS):
        return Rejection("pixel_limit", f"{width} x {height} pixels")
    if pixels > MOST_RLE_PIXELS and image.info.get("compression") in _RUN_LENGTHS:
        return Rejection("pixel_limit", f"{width} x {height} pixels in run lengths")
    if isinstance(image, JpegImageFile):
        return _check_scans(image, body)
    return None


def check_reduced(image: Image.Image) -> Rejection | None:
    """Judges an image whose decoder was told how far to reduce it."""
    if image.mode == "CMYK" and image.width * image.height > MOST_CMYK_PIXELS:
        return Rejection("pixel_limit", f"{image.width} x {image.height} pixels in CMYK")
    return None


def _check_scans(image: JpegImageFile, body: bytes) -> Rejection | None:
    header = image.fp.tell() if image.fp else 0  # with the first scan's
    if body.find(_SCAN, header) < 0:
        return None
    if _ARITHMETIC.search(body, 0, header):
        return Rejection("undecodable", "several scans in arithmetic code")
    pixels, scans = image.width * image.height, body.count(_SCAN)
    if scans > MOST_SCANS or scans * pixels > MOST_SCANNED_PIXELS:
        return Rejection("undecodable", f"{scans} scans of {pixels} pixels")
    if _coefficients(image) > MOST_COEFFICIENTS:
        return Rejection("pixel_limit", f"{pixels} pixels in several scans")
    return None


def _coefficients(image: JpegImageFile) -> float:
    """One for each pixel of each component, of which some are subsampled."""
    areas = [across * down for _, across, down, _ in image.layer]
    largest = max(across for _, across, _, _ in image.layer) * max(
        down for _, _, down, _ in image.layer
    )
    return image.width * image.height * sum(areas) / largest
