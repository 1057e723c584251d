"""What may be decoded at all: 2 s and 256 MB an image, told from its header.

A decoder is given nothing that could take more, so that none needs a process of its own. Measured
with one image a process, on 22 MB that the interpreter takes: `tests/security/test_image_bombs.py`.
"""

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

_SCAN: Final = b"\xff\xda"  # inside image data that cannot occur


def check_limits(image: Image.Image, body: bytes) -> Rejection | None:
    """Judges an image that was opened and not decoded."""
    width, height = image.size
    pixels = width * height
    if pixels > (MOST_WEBP_PIXELS if image.format == "WEBP" else MOST_PIXELS):
        return Rejection("pixel_limit", f"{width} x {height} pixels")
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
