"""The directories of EXIF data, which is a TIFF file without a picture."""

import struct
from typing import Final

GPS: Final = 0x8825
# More than any camera writes: data beyond it is made to cost time.
_MOST_DIRECTORIES: Final = 8
_MOST_ENTRIES: Final = 1_000
_MOST_GPS_ENTRIES: Final = 64  # 32 are defined
_ENTRY: Final = 12
_LINK: Final = 4
# Bytes of a value by its type.
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}


def blank_location(tiff: bytearray) -> bool:
    """Takes the GPS directory out, in place and without moving anything else.

    What cannot be read is blanked as a whole: nothing but zeros. Whether anything was changed.
    """
    before = bytes(tiff)
    try:
        _remove_gps(tiff, "<" if tiff[:2] == b"II" else ">")
    except (struct.error, _Unreadable):
        tiff[:] = bytes(len(tiff))
    return tiff != before


class _Unreadable(Exception):
    """No camera wrote this."""


def _remove_gps(tiff: bytearray, order: str) -> None:
    if not tiff.startswith((b"II*\0", b"MM\0*")):
        raise _Unreadable
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    for _ in range(_MOST_DIRECTORIES):
        if start == 0:
            return
        entries, end = _entries(tiff, order, start, _MOST_ENTRIES)
        # Some end without the link to the next directory.
        stop = end + _LINK if end + _LINK <= len(tiff) else end
        following = int.from_bytes(tiff[end:stop], "little" if order == "<" else "big")
        gps = [(at, value) for at, tag, _, value in entries if tag == GPS]
        if len(gps) > 1:
            raise _Unreadable
        for at, value in gps:
            _blank_directory(tiff, order, value)
            # The entries behind it and the link to the next directory move up.
            tiff[at:stop] = tiff[at + _ENTRY : stop] + bytes(_ENTRY)
            struct.pack_into(f"{order}H", tiff, start, len(entries) - 1)
        start = following


def _entries(
    tiff: bytearray, order: str, start: int, most: int
) -> tuple[list[tuple[int, int, int, int]], int]:
    """Position, tag, size and value (or where it is) of each entry; where they end."""
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    if count > most:
        raise _Unreadable
    first = start + 2
    entries = []
    for at in range(first, first + count * _ENTRY, _ENTRY):
        tag, kind, number, value = struct.unpack_from(f"{order}HHII", tiff, at)
        entries.append((at, tag, _SIZES.get(kind, 1) * number, value))
    return entries, first + count * _ENTRY


def _blank_directory(tiff: bytearray, order: str, start: int) -> None:
    if start + 2 > len(tiff):
        return  # it was cut off
    entries, end = _entries(tiff, order, start, _MOST_GPS_ENTRIES)
    for _, _, size, value in entries:
        if size > 4:
            _blank(tiff, value, value + size)
    _blank(tiff, start, end + _LINK)


def _blank(tiff: bytearray, start: int, stop: int) -> None:
    stop = min(stop, len(tiff))
    if start < stop:
        tiff[start:stop] = bytes(stop - start)
