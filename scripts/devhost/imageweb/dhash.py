"""The difference hash by which the catalogue keeps its pictures apart."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def dhash(image: Image.Image) -> int:
    """64 bits: is each pixel of the 9 x 8 grey thumbnail darker than its right neighbour?"""
    small = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.LANCZOS))
    bits = small[:, 1:] > small[:, :-1]
    return int.from_bytes(np.packbits(bits).tobytes())


def distance(one: int, other: int) -> int:
    """In how many bits two hashes differ."""
    return (one ^ other).bit_count()


def nearest(value: int, others: NDArray[np.uint64]) -> int:
    """The distance to the nearest of the others; 64 if there are none."""
    if not len(others):
        return 64
    return int(np.bitwise_count(others ^ np.uint64(value)).min())
