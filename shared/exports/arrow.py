"""Parquet as Hugging Face's `datasets` reads it: labels by number with names, images as images.

The bytes depend on pyarrow's version alone. It is loaded when something is written.
"""

import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from shared.exports.model import Member
from shared.exports.table import COLUMNS, Kind, row_of

if TYPE_CHECKING:
    import pyarrow as pa

# What a reader takes into memory at once, and we hold some times while it is written.
IMAGES_PER_GROUP: Final = 100
BYTES_PER_GROUP: Final = 4 * 2**20
ROWS_PER_GROUP: Final = 1000
# So that of a new version only what has changed is uploaded again (Hugging Face's Xet).
_CHUNKS: Final = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}
_FEATURES: Final[dict[Kind, dict[str, str]]] = {
    "text": {"dtype": "string", "_type": "Value"},
    "integer": {"dtype": "int64", "_type": "Value"},
}


class TableWriter:
    """A Parquet file of one row an image, written row by row.

    The first column is ``image`` with the bytes, or else ``file_name``, for files that lie beside.
    """

    def __init__(self, labels: Sequence[str], *, images: bool) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pa.set_memory_pool(pa.system_memory_pool())  # the others keep what was freed
        self._numbers = {label: number for number, label in enumerate(labels)}
        self._images = images
        self._schema = _schema(labels, images=images)
        self._written = _Written()
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0
        self._writer = pq.ParquetWriter(
            self._written,
            self._schema,
            compression=_compression(images=images),
            use_dictionary=[column.name for column in COLUMNS if column.kind == "text"],
            write_page_index=True,
            # Not of images: least and greatest of a page would be two whole ones, held to the end.
            write_statistics=[column.name for column in COLUMNS],
            use_content_defined_chunking=_CHUNKS,
        )

    def add(self, member: Member, name: str, body: bytes = b"") -> bytes:
        """A row, for the file ``name``: what follows in the Parquet file, if anything yet."""
        first = {"image": {"bytes": body, "path": name}} if self._images else {"file_name": name}
        row = row_of(member)
        self._rows.append({**first, **row, "label": self._numbers[row["label"]]})
        self._bytes += len(body)
        most = IMAGES_PER_GROUP if self._images else ROWS_PER_GROUP
        if len(self._rows) == most or self._bytes >= BYTES_PER_GROUP:
            self._write_group()
        return self._written.taken()

    def end(self) -> bytes:
        """What comes after all rows."""
        if self._rows:
            self._write_group()
        self._writer.close()
        return self._written.taken()

    def _write_group(self) -> None:
        import pyarrow as pa

        table = pa.Table.from_pylist(self._rows, self._schema)
        self._rows, self._bytes = [], 0
        self._writer.write_table(table, row_group_size=table.num_rows)


class _Written(io.RawIOBase):
    """A file of which what was written can be taken away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        self._position += len(self._pieces[-1])
        return len(self._pieces[-1])

    def taken(self) -> bytes:
        """What was written since the last call."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def features(labels: Sequence[str], *, images: bool) -> dict[str, Any]:
    """The columns in the words of `datasets`."""
    first = {"image": {"_type": "Image"}} if images else {"file_name": _FEATURES["text"]}
    named = {"names": list(labels), "_type": "ClassLabel"}
    return first | {c.name: named if c.kind == "label" else _FEATURES[c.kind] for c in COLUMNS}


def _schema(labels: Sequence[str], *, images: bool) -> "pa.Schema":
    import pyarrow as pa

    types = {"text": pa.string(), "integer": pa.int64(), "label": pa.int64()}
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    first = ("image", image) if images else ("file_name", pa.string())
    told = json.dumps({"info": {"features": features(labels, images=images)}})
    return pa.schema(
        [first, *((column.name, types[column.kind]) for column in COLUMNS)],
        metadata={"huggingface": told},
    )


def _compression(*, images: bool) -> dict[str, str]:
    """Images are packed already."""
    first = {"image.bytes": "NONE", "image.path": "NONE"} if images else {"file_name": "ZSTD"}
    return first | {column.name: "ZSTD" for column in COLUMNS}
