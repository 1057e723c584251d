"""Where a picture was taken goes; everything else stays."""

import io
import re
import struct
import zlib
from typing import Any

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from shared.imaging.location import without_location
from tests.unit.imaging.metadata import CAT, KINDS, XMP, chunk, cleaned, exif
from tests.unit.imaging.pictures import encoded

SECRETS = (b"51,30.5N", b"0,7.6W", b'"51.5"', b"11/1", b"GPS", b"Gps")


def told(body: bytes) -> tuple[dict[int, Any], dict[int, Any], dict[int, Any]]:
    """EXIF data: the main directory, the details and the position."""
    with Image.open(io.BytesIO(body)) as image:
        image.load()
        found = image.getexif()
        main = {tag: value for tag, value in found.items() if tag != ExifTags.IFD.GPSInfo}
        main.pop(ExifTags.IFD.Exif, None)
        return (
            main,
            dict(found.get_ifd(ExifTags.IFD.Exif)),
            dict(found.get_ifd(ExifTags.IFD.GPSInfo)),
        )


def with_chunk(name: bytes, data: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    body = encoded(CAT, "PNG")
    return body[:33] + chunk(name, data) + body[33:]


def directory(*entries: tuple[int, int]) -> bytes:
    """EXIF data that ends with its only directory, without a link to another."""
    packed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed


class TestExif:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("order", ["II", "MM"])
    def test_position_goes_the_rest_stays(self, kind: str, order: str) -> None:
        body = encoded(CAT, kind, exif=exif(order))
        main, details, gps = told(body)
        assert gps
        result = cleaned(body, kind)
        assert told(result) == (main, details, {})
        assert main[ExifTags.Base.Orientation] == 6
        assert details
        assert len(result) == len(body)
        assert b"somewhere secret" in body
        assert b"somewhere secret" not in result

    @pytest.mark.parametrize("kind", [*KINDS, "GIF", "BMP"])
    def test_without_a_position_nothing_changes(self, kind: str) -> None:
        plain = Image.Exif()
        plain[ExifTags.Base.Orientation] = 3
        options: dict[str, Any] = {} if kind in {"GIF", "BMP"} else {"exif": plain}
        for body in (encoded(CAT, kind), encoded(CAT, kind, **options)):
            assert without_location(body, kind) == body

    def test_other_pictures_of_the_file_are_cleaned_too(self) -> None:
        body = encoded(CAT, exif=exif()) + encoded(CAT, exif=exif("II"))
        result = cleaned(body, "JPEG")
        assert b"somewhere secret" not in result

    def test_webp_with_the_prefix_of_jpeg(self) -> None:
        body = encoded(CAT, "WEBP", exif=b"Exif\0\0" + exif().tobytes()[6:])
        assert b"somewhere secret" not in cleaned(body, "WEBP")

    @pytest.mark.parametrize("compressed", [True, False])
    def test_raw_profile_of_imagemagick(self, compressed: bool) -> None:
        data = exif().tobytes()
        text = f"\nexif\n{len(data):8}\n".encode() + re.sub(
            rb"(.{72})", rb"\1\n", data.hex().encode()
        )
        body = (
            with_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))
            if compressed
            else with_chunk(b"tEXt", b"Raw profile type exif\0" + text)
        )
        main, _, gps = told(body)
        assert gps
        result = cleaned(body, "PNG")
        assert told(result)[0] == main
        assert told(result)[2] == {}
        assert b"somewhere secret" not in result
        assert b"somewhere secret".hex().encode() not in result

    @pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about such metadata
    @pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
    @pytest.mark.parametrize("link", [b"", b"\7", bytes(4)])
    def test_a_directory_may_end_the_data(self, kind: str, link: bytes) -> None:
        entries = directory((0x0112, 6), (0x8825, 8 + 2 + 24))
        for tiff in (directory((0x0112, 6)), entries):
            body = encoded(CAT, kind, exif=b"Exif\0\0" + tiff + link)
            assert told(cleaned(body, kind)) == ({0x0112: 6}, {}, {})

    @pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about such metadata
    @pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
    @pytest.mark.parametrize("place", [True, False])
    def test_png_with_the_prefix_of_jpeg(self, prefix: bytes, place: bool) -> None:
        tiff = exif().tobytes()[6:] if place else directory((0x0112, 6))
        body = with_chunk(b"eXIf", prefix + tiff)
        main, details, _ = told(body)
        result = cleaned(body, "PNG")
        assert told(result) == (main, details, {})
        assert main[ExifTags.Base.Orientation] == 6
        assert b"somewhere secret" not in result
        assert place or result == body

    @pytest.mark.parametrize(
        "piece",
        [
            (b"eXIf", b"XX*\0" + b"\1" * 40),
            (b"eXIf", b"Exif\0\0nonsense"),
            (b"tEXt", b"Raw profile type exif\0\nexif\n       8\n0101010101010101\n"),
            (b"tEXt", b"Raw profile type exif\0\nexif\n       8\nno digits\n"),
            (b"tEXt", b"Raw profile type APP1\0"),
            (b"zTXt", b"Raw profile type exif\0\0no stream"),
        ],
    )
    def test_unreadable_data_of_a_png_goes(self, piece: tuple[bytes, bytes]) -> None:
        assert without_location(with_chunk(*piece), "PNG") == encoded(CAT, "PNG")

    def test_unreadable_data_is_blanked(self) -> None:
        body = encoded(CAT, exif=exif())
        start = body.index(b"MM\0*") + 8
        body = body[:start] + b"\xff\xff" + body[start + 2 :]  # as the number of entries
        assert b"somewhere secret" not in without_location(body, "JPEG")


class TestXmp:
    @pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
    def test_position_goes_the_rest_stays(self, kind: str) -> None:
        body = encoded(CAT, kind, xmp=XMP)
        assert all(secret in body for secret in SECRETS)
        result = cleaned(body, kind)
        assert not any(secret in result for secret in SECRETS)
        assert b'dc:rights="CC BY 4.0"' in result
        assert b"<dc:creator>Jane</dc:creator>" in result
        assert len(result) == len(body)

    @pytest.mark.parametrize("compressed", [True, False])
    def test_png(self, compressed: bool) -> None:
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode(), "en", "xmp", zip=compressed)
        result = cleaned(encoded(CAT, "PNG", pnginfo=info), "PNG")
        with Image.open(io.BytesIO(result)) as image:
            text = image.info["XML:com.adobe.xmp"]
        assert "GPS" not in text
        assert "Jane" in text
        assert (text.lang, text.tkey) == ("en", "xmp")

    def test_gif(self) -> None:
        # The packet stands bare in the extension, and a table leads its reader to the end.
        trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
        body = encoded(CAT.convert("P"), "GIF")
        body = body[:-1] + b"\x21\xff\x0bXMP DataXMP" + XMP + trailer + b";"
        result = cleaned(body, "GIF")
        assert b"GPS" not in result
        assert b"Jane" in result

    def test_the_longer_text_of_many_segments(self) -> None:
        segment = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 40 + XMP
        body = encoded(CAT)
        body = body[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + body[2:]
        assert not any(secret in cleaned(body, "JPEG") for secret in SECRETS)

    @pytest.mark.parametrize("compressed", [True, False])
    @pytest.mark.parametrize(
        ("name", "start"), [("xmp", b""), ("XMP", b""), ("APP1", b"http://ns.adobe.com/xap/1.0/\0")]
    )
    def test_raw_profile_of_imagemagick(self, name: str, start: bytes, compressed: bool) -> None:
        def stored(xmp: bytes) -> bytes:
            digits = re.sub(rb"(.{72})", rb"\1\n", xmp.hex().encode())
            text = f"\n{name}\n{len(xmp):8}\n".encode() + digits + b"\n"
            keyword = f"Raw profile type {name}\0".encode()
            if compressed:
                return with_chunk(b"zTXt", keyword + b"\0" + zlib.compress(text))
            return with_chunk(b"tEXt", keyword + text)

        result = cleaned(stored(start + XMP), "PNG")
        with Image.open(io.BytesIO(result)) as image:
            head, length, *lines = image.info[f"Raw profile type {name}"].split()
        profile = bytes.fromhex("".join(lines))
        assert (head, int(length)) == (name, len(profile))
        assert not any(secret in profile for secret in SECRETS)
        assert profile.startswith(start)
        assert b'dc:rights="CC BY 4.0"' in profile
        harmless = stored(start + b"<x>Jane</x>")
        assert without_location(harmless, "PNG") == harmless

    def test_png_with_the_wrong_kind_of_text(self) -> None:
        result = cleaned(with_chunk(b"tEXt", b"XML:com.adobe.xmp\0" + XMP), "PNG")
        assert not any(secret in result for secret in SECRETS)
        assert b'dc:rights="CC BY 4.0"' in result

    def test_texts_of_a_png_that_are_positions(self) -> None:
        info = PngImagePlugin.PngInfo()
        info.add_text("exif:GPSLatitude", "48/1, 51/1, 30/1")
        info.add_text("Longitude", "2/1", zip=True)
        info.add_itxt("gps", "48.85 N")
        info.add_text("Author", "Jane")
        info.add_text("Comment", "my GPS was off", zip=True)
        result = cleaned(encoded(CAT, "PNG", pnginfo=info), "PNG")
        with Image.open(io.BytesIO(result)) as image:
            assert image.info == {"Author": "Jane", "Comment": "my GPS was off"}
