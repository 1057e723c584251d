"""Taking out of a file where its picture was taken, without touching the picture.

The GPS directory of EXIF data and what XMP says of GPS positions; all other metadata stays, such as
the orientation, the creator and the licence. Places in words stay too.
"""

import re
import struct
import zlib
from typing import Final

from shared.imaging.tiff import blank_location

_EXIF: Final = b"Exif\0\0"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_MORE: Final = b"http://ns.adobe.com/xmp/extension/\0"
# FF E1 is no part of image data, so that this also finds what follows the first picture of a file.
_APP1: Final = re.compile(
    rb"\xff\xe1(..)(?=(Exif\0\0|http://ns\.adobe\.com/x(?:ap/1\.0|mp/extension)/\0))", re.DOTALL
)
_NAME: Final = rb"[\w.-]{1,64}:[\w.-]{0,64}?(?:gps|latitude|longt?itude)[\w.-]{0,64}"
# A property as an element or as an attribute. The bounds keep hostile data from costing time.
_PLACE: Final = re.compile(
    rb"<(" + _NAME + rb")\b[^<>]{0,256}(?:/>|>[^<]{0,256}</\1\s*>)"
    rb"|\s" + _NAME + rb"\s*=\s*(?:\"[^\"<]{0,256}\"|'[^'<]{0,256}')",
    re.IGNORECASE,
)
_MOST_TEXT: Final = 4 * 1024 * 1024
_PNG_START: Final = 8
_RAW_PROFILE: Final = re.compile(rb"Raw profile type (?:exif|APP1)\0", re.IGNORECASE)


def without_location(body: bytes, kind: str) -> bytes:
    """The file without its location; ``kind`` is a judged image's format. Never raises."""
    if kind == "jpeg":
        return _jpeg(body)
    if kind == "png":
        return _png(body)
    if kind == "webp":
        return _webp(body)
    if kind == "gif" and b"XMP DataXMP" in body:
        return _without_places(body)
    return body


def _without_places(xmp: bytes) -> bytes:
    """The XMP data, as long as before."""
    return _PLACE.sub(lambda found: b" " * len(found[0]), xmp)


def _jpeg(body: bytes) -> bytes:
    changed = bytearray(body)
    for found in _APP1.finditer(body):
        end = min(found.start() + 2 + int.from_bytes(found[1]), len(body))
        start = found.end() + len(found[2])
        data = changed[start:end]
        if found[2] == _EXIF:
            blank_location(data)
        elif found[2] == _XMP:
            data[:] = _without_places(bytes(data))
        elif re.search(rb"gps|latitude", data, re.IGNORECASE):
            data[:] = b" " * len(data)  # part of a text that goes on in other segments
        changed[start:end] = data
    return bytes(changed)


def _webp(body: bytes) -> bytes:
    if b"EXIF" not in body and b"XMP " not in body:
        return body
    changed = bytearray(body)
    start = 12
    while start + 8 <= len(body):
        name, size = struct.unpack_from("<4sI", body, start)
        start += 8
        data = changed[start : start + size]
        if name == b"EXIF":
            prefix = len(_EXIF) if data.startswith(_EXIF) else 0
            tiff = data[prefix:]
            blank_location(tiff)
            data[prefix:] = tiff
        elif name == b"XMP ":
            data[:] = _without_places(bytes(data))
        changed[start : start + len(data)] = data
        start += size + size % 2
    return bytes(changed)


def _png(body: bytes) -> bytes:
    if not any(name in body for name in (b"eXIf", b"XML:com.adobe.xmp", b"Raw profile type")):
        return body
    parts = [body[:_PNG_START]]
    start = _PNG_START
    while start + 12 <= len(body):
        size, name = struct.unpack_from(">I4s", body, start)
        end = start + 12 + size
        data = body[start + 8 : end - 4]
        changed = _png_chunk(name, data)
        parts.append(body[start:end] if changed == (name, data) else _pack(*changed))
        start = end
    return b"".join([*parts, body[start:]])


def _png_chunk(name: bytes, data: bytes) -> tuple[bytes, bytes]:
    """The chunk's name and data without location."""
    if name == b"eXIf":
        tiff = bytearray(data)
        blank_location(tiff)
        return name, bytes(tiff)
    if name == b"iTXt" and data.startswith(b"XML:com.adobe.xmp\0"):
        return name, _png_text(data)
    if name in {b"tEXt", b"zTXt"} and _RAW_PROFILE.match(data):
        return _raw_profile(name, data)
    return name, data


def _png_text(data: bytes) -> bytes:
    """XMP as international text, compressed or not; what had to be changed is not."""
    keyword, _, rest = data.partition(b"\0")
    flags, (language, translation, text) = rest[:2], [*rest[2:].split(b"\0", 2), b"", b""][:3]
    plain = text if flags[:1] == b"\0" else _inflated(text)
    changed = _without_places(plain)
    if changed == plain:
        return data
    return b"\0".join([keyword, b"\0\0" + language, translation, changed])


def _raw_profile(name: bytes, data: bytes) -> tuple[bytes, bytes]:
    """EXIF data in hexadecimal digits as ImageMagick writes it; with a location a proper chunk."""
    _, _, text = data.partition(b"\0")
    if name == b"zTXt":
        text = _inflated(text[1:])
    digits = b"".join(text.split()[2:])  # behind a name and a length
    try:
        tiff = bytearray.fromhex(digits.decode("ascii"))
    except ValueError:
        return name, data.partition(b"\0")[0] + b"\0"
    tiff = tiff.removeprefix(_EXIF)
    return (b"eXIf", bytes(tiff)) if blank_location(tiff) else (name, data)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _MOST_TEXT)
    except zlib.error:
        return b""


def _pack(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
