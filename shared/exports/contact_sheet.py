"""A glance at a dataset: some images of each label as one picture."""

import io
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from PIL import Image, ImageOps

ROWS: Final = 12  # labels
COLUMNS: Final = 8  # images of each
CELL: Final = 128  # pixels
_GROUND: Final = (250, 250, 250)


def contact_sheet(rows: Sequence[Sequence[bytes]]) -> bytes:
    """A WebP with a row for each label, of up to 8 images each. What cannot be drawn leaves a gap.

    Costs CPU: call it in a thread.
    """
    sheet = Image.new("RGB", (COLUMNS * CELL, max(len(rows), 1) * CELL), _GROUND)
    for row, bodies in enumerate(rows):
        for column, body in enumerate(bodies):
            with suppress(OSError, ValueError, SyntaxError), Image.open(io.BytesIO(body)) as image:
                image.draft("RGB", (CELL, CELL))  # a JPEG is decoded at a fraction of its size
                cell = ImageOps.fit(image.convert("RGB"), (CELL - 4, CELL - 4))
                sheet.paste(cell, (column * CELL + 2, row * CELL + 2))
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=80, method=2)
    return buffer.getvalue()
