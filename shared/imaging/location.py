"""Taking out of a file where its picture was taken, without touching the picture.

The GPS directory of EXIF data, what XMP says of GPS positions and a PNG's texts of that name; all
other metadata stays, such as the orientation, the creator and the licence. Places in words stay
too. Metadata that cannot be read goes as a whole.
"""

import re
import struct
import zlib
from typing import Final

from shared.imaging.tiff import blank_location

_EXIF: Final = b"Exif\0\0"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
# FF E1 is no part of image data, so that this also finds what follows the first picture of a file.
_APP1: Final = re.compile(
    rb"\xff\xe1(..)(?=(Exif\0\0|http://ns\.adobe\.com/x(?:ap/1\.0|mp/extension)/\0))", re.DOTALL
)
_NAME: Final = (
    rb"(?=[\w.-]{1,64}+:[\w.-]{0,64}?(?:gps|latitude|longt?itude))[\w.-]{1,64}+:[\w.-]{1,138}+"
)
# A property as an element or as an attribute. The bounds keep hostile data from costing time, and
# so does it that no run is tried in other lengths.
_PLACE: Final = re.compile(
    rb"<(" + _NAME + rb")[^<>]{0,257}+>(?:(?<=/>)|[^<]{0,256}+</\1\s*+>)"
    rb"|\s" + _NAME + rb"\s*+=\s*+(?:\"[^\"<]{0,256}+\"|'[^'<]{0,256}+')",
    re.IGNORECASE,
)
_MOST_TEXT: Final = 1024 * 1024  # Pillow takes no PNG with a longer one
_MOST_PROFILES: Final = 8  # more than any program writes: others are made to cost time
_PNG_START: Final = 8
_TEXTS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_PLACE_WORD: Final = re.compile(rb"gps|latitude|longt?itude", re.IGNORECASE)
_PROFILE: Final = re.compile(
    rb"XML:com\.adobe\.xmp\0|Raw profile type (?:exif|APP1|xmp)\0", re.IGNORECASE
)
_HEAD: Final = re.compile(rb"\s*[^\s]+\s+\d+\s")  # of a raw profile: its name and length


def without_location(body: bytes, kind: str | None) -> bytes:
    """The file without its location; ``kind`` is what its first bytes announce. Never raises."""
    if kind == "JPEG":
        return _jpeg(body)
    if kind == "PNG":
        return _png(body)
    if kind == "WEBP":
        return _webp(body)
    if kind == "GIF" and b"XMP DataXMP" in body:
        return _without_places(body)
    return body


def _without_places(xmp: bytes) -> bytes:
    """The XMP data, as long as before."""
    return _PLACE.sub(lambda found: b" " * len(found[0]), xmp)


def _jpeg(body: bytes) -> bytes:
    changed = bytearray(body)
    work = 2 * len(body)  # a preview may lie within a segment; more overlap is made to cost time
    for found in _APP1.finditer(body):
        end = min(found.start() + 2 + int.from_bytes(found[1]), len(body))
        start = found.end() + len(found[2])
        work -= end - start
        if work < 0:
            break
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
    profiles = 0
    while start + 8 <= len(body):
        name, size = struct.unpack_from("<4sI", body, start)
        start += 8
        if name in {b"EXIF", b"XMP "}:
            profiles += 1
            data = body[start : start + size]
            changed[start : start + len(data)] = _webp_chunk(name, data, profiles)
        start += size + size % 2
    return bytes(changed)


def _webp_chunk(name: bytes, data: bytes, profiles: int) -> bytes:
    """The chunk's data without location, as long as before."""
    if profiles > _MOST_PROFILES:
        return bytes(len(data))
    if name == b"XMP ":
        return _without_places(data)
    return _exif(data) or bytes(len(data))


def _png(body: bytes) -> bytes:
    if not any(name in body for name in (b"eXIf", *_TEXTS)):
        return body
    parts = [body[:_PNG_START]]
    start = _PNG_START
    profiles = 0
    while start + 12 <= len(body):
        size, name = struct.unpack_from(">I4s", body, start)
        end = start + 12 + size
        data = body[start + 8 : end - 4]
        is_profile = name == b"eXIf" or (name in _TEXTS and _PROFILE.match(data) is not None)
        profiles += is_profile
        changed = None if profiles > _MOST_PROFILES and is_profile else _png_chunk(name, data)
        if changed == data:
            parts.append(body[start:end])
        elif changed is not None:
            parts.append(_pack(name, changed))
        start = end
    return b"".join([*parts, body[start:]])


def _png_chunk(name: bytes, data: bytes) -> bytes | None:
    """The chunk's data without location; None for a chunk that goes."""
    if name == b"eXIf":
        return _exif(data)
    if name not in _TEXTS:
        return data
    if _PLACE_WORD.search(data.partition(b"\0")[0]):
        return None
    return _png_profile(name, data) if _PROFILE.match(data) else data


def _exif(data: bytes) -> bytes | None:
    """EXIF data, with the prefix of JPEG or without; None if it cannot be read."""
    prefix = _EXIF if data.startswith(_EXIF) else b""
    tiff = bytearray(data[len(prefix) :])
    blank_location(tiff)
    return prefix + tiff if any(tiff) else None


def _png_profile(name: bytes, data: bytes) -> bytes | None:
    """XMP or EXIF data as a text; international text that had to be changed is not compressed."""
    keyword, _, text = data.partition(b"\0")
    head = b""
    if name == b"zTXt":
        head, text = b"\0", _inflated(text[1:])
    elif name == b"iTXt":
        is_packed = text[:1] != b"\0"
        language, translation, text = [*text[2:].split(b"\0", 2), b"", b""][:3]
        head = b"\0\0" + language + b"\0" + translation + b"\0"
        text = _inflated(text) if is_packed else text
    is_raw = keyword.lower().startswith(b"raw")
    changed = _raw_profile(keyword, text) if is_raw else _without_places(text)
    if changed is None:
        return None
    if changed == text:
        return data
    return keyword + b"\0" + head + (zlib.compress(changed) if name == b"zTXt" else changed)


def _raw_profile(keyword: bytes, text: bytes) -> bytes | None:
    """A profile in hexadecimal digits as ImageMagick writes it; None if it cannot be read."""
    found = _HEAD.match(text)
    if not found:
        return None
    try:
        profile = bytes.fromhex(text[found.end() :].decode("ascii"))
    except ValueError:
        return None
    is_xmp = keyword.lower().endswith(b"xmp") or profile.startswith(_XMP)
    changed = _without_places(profile) if is_xmp else _exif(profile)
    if changed is None or changed == profile:
        return text if changed == profile else None
    return found[0] + changed.hex().encode() + b"\n"


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _MOST_TEXT)
    except zlib.error:
        return b""


def _pack(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
