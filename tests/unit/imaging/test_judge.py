"""Judging good and bad image files."""

import io
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shared.imaging.judge import Judged, Rejection, judge, sniff
from shared.imaging.rules import Rules
from tests.scale import sized
from tests.unit.imaging.pictures import encoded, photo

KINDS = ["JPEG", "PNG", "WEBP", "GIF", "BMP"]
CAT = photo("cat").resize((120, 80))


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises those pixels and brings none."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + bytes(600)


class TestGood:
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_taken_type(self, kind: str) -> None:
        judged = judge(encoded(CAT, kind))
        assert isinstance(judged, Judged)
        assert (judged.format, judged.width, judged.height) == (kind.lower(), 120, 80)

    @pytest.mark.parametrize(
        ("kind", "mode"),
        [
            ("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "1"), ("PNG", "L"), ("PNG", "LA"),
            ("PNG", "P"), ("PNG", "RGBA"), ("PNG", "I;16"), ("WEBP", "RGBA"), ("GIF", "P"),
            ("BMP", "L"),
        ],
    )  # fmt: skip
    def test_every_mode(self, kind: str, mode: str) -> None:
        image = CAT.convert("L").convert(mode) if mode == "I;16" else CAT.convert(mode)
        assert isinstance(judge(encoded(image, kind)), Judged)

    def test_palette_with_transparency(self) -> None:
        body = encoded(CAT.convert("P"), "PNG", transparency=bytes(range(256)))
        assert isinstance(judge(body), Judged)

    def test_large_jpeg_keeps_its_true_size(self) -> None:
        judged = judge(encoded(CAT.resize((1600, 1200))))
        assert isinstance(judged, Judged)
        assert (judged.width, judged.height) == (1600, 1200)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exif_orientation_turns_size_and_hash(self, orientation: int) -> None:
        upright = judge(encoded(CAT, "PNG"))
        assert isinstance(upright, Judged)
        undo = {
            1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270,
        }[orientation]  # fmt: skip
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = CAT if undo is None else CAT.transpose(undo)
        assert judge(encoded(stored, "PNG", exif=exif)) == upright

    def test_animation_is_its_first_frame(self) -> None:
        frames = [Image.new("P", CAT.size, n % 256) for n in range(200)]
        body = encoded(CAT.convert("P"), "GIF", save_all=True, append_images=frames)
        alone = encoded(CAT.convert("P"), "GIF")
        first, single = judge(body), judge(alone)
        assert isinstance(first, Judged)
        assert first == single

    def test_broken_metadata_does_not_break_a_picture(self) -> None:
        assert isinstance(judge(encoded(CAT, exif=b"Exif\x00\x00MM\x00\x2a\xff\xff")), Judged)

    def test_threads_agree(self) -> None:
        bodies = [encoded(CAT.resize((600 + n, 600)), quality=80) for n in range(8)]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(judge, bodies)) == [judge(body) for body in bodies]


class TestBad:
    @pytest.mark.parametrize(
        "body",
        [
            b"", b"<html><body>Not found</body></html>" * 50, b"<svg xmlns=''/>" * 100,
            b"%PDF-1.7" + bytes(1000), b"BM, the band, is on tour again. " * 50,
            b"II*\x00" + bytes(1000), b"8BPS" + bytes(1000), b"%!PS-Adobe-3.0 EPSF" * 100,
            b"SIMPLE  =                    T" * 100, b"\x00\x00\x00 ftypavif" + bytes(1000),
        ],
    )  # fmt: skip
    def test_other_types(self, body: bytes) -> None:
        judged = judge(body)
        assert isinstance(judged, Rejection)
        assert judged.outcome == "wrong_type"

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
    def test_cut_short(self, kind: str, share: float) -> None:
        body = encoded(photo("coffee"), kind)
        judged = judge(body[: int(len(body) * share)])
        assert isinstance(judged, Rejection)
        assert judged.outcome == "truncated"

    @pytest.mark.parametrize("kind", KINDS)
    def test_noise_after_the_first_bytes(self, kind: str) -> None:
        body = encoded(photo("coffee"), kind)
        judged = judge(body[:12] + bytes(len(body) - 76) + body[-64:])
        assert isinstance(judged, Rejection)
        assert judged.outcome in {"undecodable", "truncated", "too_small", "pixel_limit"}

    @pytest.mark.parametrize("size", [(1, 1), (24, 500), (500, 24)])
    def test_few_pixels(self, size: tuple[int, int]) -> None:
        judged = judge(encoded(CAT.resize(size), "BMP"), Rules(min_bytes=0))
        assert judged == Rejection("too_small", f"{size[0]} x {size[1]} pixels")

    def test_few_bytes(self) -> None:
        body = encoded(Image.new("1", (100, 100)), "PNG")
        assert judge(body) == Rejection("too_small", f"{len(body)} bytes")

    @pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
    def test_scans_in_arithmetic_code_are_not_even_decoded(self, mode: str) -> None:
        body = encoded(photo("cat").convert(mode), progressive=True)
        judged = judge(body.replace(b"\xff\xc2", b"\xff\xca"))
        assert judged == Rejection("undecodable", "several scans in arithmetic code")

    @pytest.mark.parametrize("side", [6_325, 12_000, 20_000, 60_000])
    def test_many_pixels_are_not_even_decoded(self, side: int) -> None:
        judged = judge(png_header(side, side))
        assert isinstance(judged, Rejection)
        assert judged.outcome == "pixel_limit"

    def test_a_polyglot_is_what_it_begins_with(self) -> None:
        page = b"<html>" + encoded(CAT)
        judged = judge(page)
        assert isinstance(judged, Rejection)
        assert judged.outcome == "wrong_type"

    def test_another_type_under_a_taken_name(self) -> None:
        file = io.BytesIO()
        CAT.save(file, "TIFF")
        assert isinstance(judge(b"\xff\xd8\xff" + file.getvalue()), Rejection)


@settings(max_examples=sized(150, 2_000))
@given(kind=st.sampled_from(KINDS), data=st.data())
def test_mutated_files_never_raise(kind: str, data: st.DataObject) -> None:
    body = bytearray(encoded(CAT, kind))
    for _ in range(data.draw(st.integers(1, 20))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del body[data.draw(st.integers(0, len(body) - 1)) :]
    started = time.thread_time()
    judged = judge(bytes(body))
    assert time.thread_time() - started < 2
    assert isinstance(judged, Judged | Rejection)


@given(st.binary(max_size=64))
def test_sniffing_never_raises(body: bytes) -> None:
    assert sniff(body) in {None, *KINDS}
