"""The formats of the pictures; what serves them does not load what draws them."""

from typing import Final

MIME: Final = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
