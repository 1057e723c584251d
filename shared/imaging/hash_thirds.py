"""Looking up perceptual hashes that are near: by thirds, of which an index has each.

Of two hashes that differ in so many bits, one third differs in a third of them at most (Norouzi,
Punjani, Fleet: Fast Search in Hamming Space with Multi-Index Hashing, 2012).
"""

from itertools import combinations
from typing import Final

THIRD_BITS: Final = 22  # of the longest third


def flips(bits: int) -> list[int]:
    """What a third may be XORed with to get those of all hashes within ``bits`` of it."""
    places = [1 << place for place in range(THIRD_BITS)]
    most = bits // 3
    return [sum(chosen) for count in range(most + 1) for chosen in combinations(places, count)]
