"""A glance at a dataset: some images of each label as one picture."""

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageOps

ROWS: Final = 12  # labels
COLUMNS: Final = 8  # images of each
CELL: Final = 128  # pixels
_GROUND: Final = (250, 250, 250)


def contact_sheet(rows: Sequence[Sequence[bytes]]) -> bytes:
    """A WebP with a row for each label, of up to 8 images each: thumbnails are enough of them.

    Costs CPU: call it in a thread.
    """
    sheet = Image.new("RGB", (COLUMNS * CELL, max(len(rows), 1) * CELL), _GROUND)
    for row, bodies in enumerate(rows):
        for column, body in enumerate(bodies):
            with Image.open(io.BytesIO(body)) as image:
                cell = ImageOps.fit(image.convert("RGB"), (CELL - 4, CELL - 4))
            sheet.paste(cell, (column * CELL + 2, row * CELL + 2))
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=80, method=2)
    return buffer.getvalue()
