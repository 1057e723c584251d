"""The 64-bit difference hash: which way the brightness goes between neighbouring pixels.

Resized and re-encoded copies of a picture differ in few bits (Hamming distance <= 4 counts as a
near duplicate), other pictures in about half.
"""

from typing import Final

from PIL import Image

WIDTH: Final = 9
HEIGHT: Final = 8
_SIGN: Final = 1 << 63


def dhash(image: Image.Image) -> int:
    """The hash of the whole picture, as the signed number that PostgreSQL's bigint holds."""
    grey = image.convert("L").resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).tobytes()
    bits = 0
    for start in range(0, WIDTH * HEIGHT, WIDTH):
        for left in range(start, start + WIDTH - 1):
            bits = bits << 1 | (grey[left + 1] > grey[left])
    return bits - 2 * _SIGN if bits & _SIGN else bits


def distance(one: int, other: int) -> int:
    """In how many of the 64 bits two hashes differ."""
    return ((one ^ other) & (2 * _SIGN - 1)).bit_count()
