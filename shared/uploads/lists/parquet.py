"""Lists as Parquet. pyarrow is loaded when one is read."""

from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

from shared.uploads.lists.model import (
    MOST_RECORDS,
    MOST_UNPACKED,
    ListFault,
    Record,
    columns_of,
)

MAGIC: Final = b"PAR1"
ROWS_AT_ONCE: Final = 1000
MOST_IN_CHUNK: Final = 256 * 2**20  # bytes of one column in one group of rows, unpacked


def read_parquet(file: IO[bytes]) -> Iterator[Record]:
    """Each row, of which only our columns are read.

    Raises:
        ListFault: it is broken, too large, or none of its columns holds URLs.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        opened = pq.ParquetFile(file, pre_buffer=False)
        names = opened.schema_arrow.names
        columns = {column: names[place] for column, place in columns_of(names).items()}
        texts = {c: name for c, name in columns.items() if _is_text(opened.schema_arrow, name)}
        if "url" not in texts:
            raise ListFault(f"The column {columns['url']} holds no text.")
        _check_size(opened.metadata, list(texts.values()))
        # A value that is repeated a million times is there once, as it is in the file.
        opened = pq.ParquetFile(file, read_dictionary=list(texts.values()), pre_buffer=False)
        row = 0
        wanted = list(texts.values())
        for batch in opened.iter_batches(ROWS_AT_ONCE, columns=wanted, use_threads=False):
            read = {column: _values(batch.column(name)) for column, name in texts.items()}
            for values in zip(*read.values(), strict=True):
                row += 1
                found = dict(zip(read, values, strict=True))
                yield Record(row, **{**found, "url": found["url"] or ""})
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise ListFault(f"The Parquet file is broken: {reason}") from error


def _is_text(schema: Any, name: str) -> bool:
    import pyarrow as pa

    kind = schema.field(name).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _check_size(metadata: Any, names: Sequence[str]) -> None:
    """Looks at what the file says of itself, before any of it is unpacked."""
    if metadata.num_rows > MOST_RECORDS:
        raise ListFault(f"The list has {metadata.num_rows:,} rows; {MOST_RECORDS:,} are too many.")
    total = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for column in map(group.column, range(group.num_columns)):
            if column.path_in_schema in names:
                total += column.total_uncompressed_size
                if column.total_uncompressed_size > MOST_IN_CHUNK or total > MOST_UNPACKED:
                    raise ListFault(
                        f"The column {column.path_in_schema} is too large once it is unpacked:"
                        f" {column.total_uncompressed_size // 2**20} MiB in one group of rows."
                    )


def _values(column: Any) -> list[str | None]:
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return list(column.to_pylist())
    known = column.dictionary.to_pylist()
    return [None if place is None else known[place] for place in column.indices.to_pylist()]
