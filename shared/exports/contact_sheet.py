"""A glance at a dataset: some images of each label as one picture."""

import io
from contextlib import suppress
from typing import Final

from PIL import Image, ImageOps

ROWS: Final = 12  # labels
COLUMNS: Final = 8  # images of each
CELL: Final = 128  # pixels
_GROUND: Final = (250, 250, 250)


class ContactSheet:
    """A WebP with a row for each label, of up to 8 images each. What cannot be drawn leaves a gap.

    Costs CPU: call it in a thread.
    """

    def __init__(self, rows: int) -> None:
        self._sheet = Image.new("RGB", (COLUMNS * CELL, max(rows, 1) * CELL), _GROUND)

    def add(self, row: int, column: int, body: bytes) -> None:
        """Draws an image, upright."""
        with suppress(Exception), Image.open(io.BytesIO(body)) as image:
            image.draft("RGB", (CELL, CELL))  # a JPEG is decoded at a fraction of its size
            with suppress(Exception):  # broken metadata does not break the picture
                ImageOps.exif_transpose(image, in_place=True)
            cell = ImageOps.fit(image.convert("RGBA"), (CELL - 4, CELL - 4))
            self._sheet.paste(cell, (column * CELL + 2, row * CELL + 2), cell)

    def end(self) -> bytes:
        """The file."""
        buffer = io.BytesIO()
        self._sheet.save(buffer, "WEBP", quality=80, method=2)
        return buffer.getvalue()
