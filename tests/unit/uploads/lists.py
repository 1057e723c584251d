"""Lists to be read, in all forms."""

import gzip
import io
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from shared.uploads.lists.model import Record
from shared.uploads.lists.reading import open_list

PACKERS: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress}


def read(content: bytes | str, filename: str) -> list[Record]:
    """Every record of a file."""
    data = content.encode() if isinstance(content, str) else content
    return list(open_list(io.BufferedReader(io.BytesIO(data)), filename).records)


def form_of(content: bytes | str, filename: str) -> str:
    """The form in which a file is read."""
    data = content.encode() if isinstance(content, str) else content
    return open_list(io.BufferedReader(io.BytesIO(data)), filename).format


def parquet(columns: dict[str, Sequence[object]], **options: object) -> bytes:
    """A Parquet file of these columns."""
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written, **options)
    return written.getvalue()
