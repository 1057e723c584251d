"""Small files that want much: each is refused or read in little time and memory."""

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from shared.imaging.judge import Rejection, judge
from shared.imaging.limits import MOST_PIXELS, MOST_SCANNED_PIXELS
from tests.unit.imaging.pictures import encoded, photo

MOST_BYTES = 10 * 1024 * 1024
SQUARE = (6_324, 6_324)
TURNED = Image.Exif()
TURNED[0x0112] = 6


def text_bomb() -> bytes:
    """A PNG with a text chunk that inflates to 60 MB."""
    bomb = PngImagePlugin.PngInfo()
    bomb.add_text("Comment", "x" * 60_000_000, zip=True)
    return encoded(Image.new("RGB", (64, 64)), "PNG", pnginfo=bomb)


def profile_bomb() -> bytes:
    return encoded(Image.new("RGB", (64, 64)), "PNG", icc_profile=bytes(60_000_000))


def many_frames() -> bytes:
    """A GIF of 50,000 frames, one pixel changed in each."""
    first = encoded(photo("cat").convert("P"), "GIF")
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return first[:-1] + frame * 50_000 + b";"


def lying_rows() -> bytes:
    """A PNG of 6300 x 6300 pixels in 40 kB."""
    return encoded(Image.new("L", (6_300, 6_300)), "PNG", optimize=True)


def endless_scans() -> bytes:
    """A progressive JPEG of 32 megapixels whose last scan is repeated 2,000 times."""
    body = encoded(Image.new("RGB", (8_000, 4_000)), progressive=True)
    last = body.rindex(b"\xff\xda")
    return body[:last] + body[last:-2] * 2_000 + b"\xff\xd9"


def flat_png(side: int) -> bytes:
    """A PNG of as many pixels as it promises, of one bit each."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(side * side // 8))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, data) for name, data in chunks)


def wide_webp() -> bytes:
    return encoded(Image.new("RGB", (16_000, 2_400)), "WEBP", lossless=True)


def large_webp() -> bytes:
    return encoded(Image.new("RGB", (4_096, 3_050)), "WEBP", lossless=True)


def see_through() -> bytes:
    """The most pixels that are taken, each of four bytes, to be turned."""
    return encoded(Image.new("RGBA", SQUARE, (1, 2, 3, 100)), "PNG", compress_level=1, exif=TURNED)


def see_through_palette() -> bytes:
    return encoded(
        Image.new("P", SQUARE), "PNG", compress_level=1, exif=TURNED, transparency=bytes(range(256))
    )


def grey_with_alpha() -> bytes:
    return encoded(Image.new("LA", SQUARE), "PNG", compress_level=1, exif=TURNED)


def deep_grey() -> bytes:
    return encoded(Image.new("I;16", SQUARE), "PNG", compress_level=1, exif=TURNED)


def progressive() -> bytes:
    """As many scans as are taken of the most pixels that are taken."""
    body = encoded(Image.new("RGB", SQUARE), progressive=True, exif=TURNED)
    last = body.rindex(b"\xff\xda")
    repeated = MOST_SCANNED_PIXELS // MOST_PIXELS - body.count(b"\xff\xda")
    return body[:last] + body[last:-2] * (repeated + 1) + b"\xff\xd9"


def flat_progressive() -> bytes:
    """Too flat to be reduced, and held twice: as coefficients and as pixels."""
    return encoded(Image.new("RGB", (39_000, 510)), progressive=True, subsampling=0, exif=TURNED)


def flat_cmyk() -> bytes:
    return encoded(Image.new("CMYK", (65_000, 500)), exif=TURNED)


def lossy_webp() -> bytes:
    return encoded(Image.new("RGB", (3_535, 3_535), "red"), "WEBP", quality=50, method=0)


def large_gif() -> bytes:
    return encoded(Image.new("P", SQUARE), "GIF")


def piled(kind: str, piece: bytes, at: int) -> bytes:
    """A file of the most bytes, full of one piece."""
    body = encoded(photo("cat").resize((120, 80)), kind)
    return body[:at] + piece * ((MOST_BYTES - len(body)) // len(piece)) + body[at:]


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def growing_exif() -> bytes:
    """A JPEG of 5 MB of EXIF, to which 400,000 segments add one byte each."""
    large = b"\xff\xe1\xff\xffExif\0\0" + bytes(0xFFFF - 8)
    small = b"\xff\xe1\0\x09Exif\0\0x"
    body = encoded(photo("cat").resize((120, 80)))
    return body[:2] + large * 80 + small * 400_000 + body[2:]


def empty_segments() -> bytes:
    return piled("JPEG", b"\xff\xe4\0\2", 2)


def padded_segments() -> bytes:
    return piled("JPEG", b"\xff", 2)


def packed_profiles() -> bytes:
    return piled("PNG", png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1024 * 1024))), 33)


def packed_texts() -> bytes:
    """Without a name: Pillow does not count them."""
    return piled("PNG", png_chunk(b"zTXt", b"\0\0" + zlib.compress(bytes(1024 * 1024))), 33)


def empty_chunks() -> bytes:
    return piled("PNG", png_chunk(b"teSt", b""), 33)


def vast_background() -> bytes:
    """A GIF whose first frame is to be replaced by a background of four billion pixels."""
    control = b"!\xf9\4" + bytes([2 << 2, 0, 0, 0, 0])
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0)
    return b"GIF89a" + struct.pack("<HHBBB", 120, 80, 0, 0, 0) + control + frame + bytes(4_096)


def bmp_of_runs(width: int, height: int, runs: bytes) -> bytes:
    colours = bytes(range(256)) * 4
    start = 54 + len(colours)
    file = b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start)
    header = struct.pack("<IIIHHIIIIII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 0, 0)
    return file + header + colours + runs


def short_runs() -> bytes:
    return bmp_of_runs(3_000, 1_700, b"\1\7" * 5_100_000)


def missing_runs() -> bytes:
    """A BMP whose lines end at their first pixel: the decoder fills them one by one."""
    return bmp_of_runs(1_500_000, 26, b"\1\7\0\0" * 26 + bytes(4_096))


BOMBS = [
    text_bomb, profile_bomb, many_frames, lying_rows, endless_scans, wide_webp, large_webp,
    see_through, see_through_palette, grey_with_alpha, deep_grey, progressive,
    flat_progressive, flat_cmyk, lossy_webp, large_gif, growing_exif, empty_segments,
    padded_segments, packed_profiles, packed_texts, empty_chunks, vast_background,
    short_runs, missing_runs,
]  # fmt: skip
# Judges as thoroughly as a job may ask for, and says what, in how many seconds, and the peak.
PROGRAM = """
import json, sys, time
from dataclasses import replace
from pathlib import Path
from PIL import Image
from shared.imaging.judge import judge
from shared.imaging.rules import LEVELS

opened = set()
really_open = Image.open
def watched(file, mode="r", formats=None):
    opened.update(formats or ["any"])
    return really_open(file, mode, formats)
Image.open = watched

outcomes, slowest = [], 0
for path in sys.argv[1:]:
    body = Path(path).read_bytes()
    for colour in (None, "colour"):
        rules = replace(LEVELS["strict"], colour=colour, min_side=1, max_aspect=None)
        started = time.thread_time()
        judged = judge(body, rules)
        slowest = max(slowest, time.thread_time() - started)
    basic = judge(body)
    outcomes.append(getattr(basic, "outcome", "taken"))
peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
print(json.dumps([outcomes, sorted(opened), slowest, int(peak)]))
"""


def corpus() -> dict[str, tuple[bytes, str]]:
    """One of each kind, and what becomes of it."""
    picture = photo("cat").resize((120, 80))
    return {
        "12,000 a side": (flat_png(12_000), "pixel_limit"),
        "20,000 a side": (flat_png(20_000), "pixel_limit"),
        "truncated": (encoded(photo("coffee"))[:-5_000], "truncated"),
        "a page before a JPEG": (b"<html>" + encoded(picture), "wrong_type"),
        "a page after a JPEG": (encoded(picture) + b"<html></html>" * 9, "taken"),
        "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>" * 50, "wrong_type"),
        "FITS": (b"SIMPLE  =                    T" * 100, "wrong_type"),
        "PSD": (b"8BPS\x00\x01" + bytes(1_000), "wrong_type"),
        "EPS": (encoded(picture, "EPS"), "wrong_type"),
        "TIFF": (encoded(picture, "TIFF"), "wrong_type"),
        "AVIF": (encoded(picture, "AVIF"), "wrong_type"),
        "turned by EXIF": (encoded(picture, exif=TURNED), "taken"),
        "CMYK": (encoded(picture.convert("CMYK")), "taken"),
        "16 bits": (encoded(picture.convert("L").convert("I;16"), "PNG"), "taken"),
        "palette with alpha": (
            encoded(picture.convert("P"), "PNG", transparency=bytes(range(256))), "taken"
        ),
        "one pixel": (encoded(picture.resize((1, 1)), "PNG"), "too_small"),
        "nothing": (b"", "wrong_type"),
        "zeroes": (bytes(5_000), "wrong_type"),
    }  # fmt: skip


def judged_apart(*bodies: Path) -> tuple[list[str], list[str], float, int]:
    """Outcomes, decoders, seconds of the slowest, kilobytes, by a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, *map(str, bodies)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    outcomes, decoders, seconds, kilobytes = json.loads(ended.stdout)
    return outcomes, decoders, seconds, kilobytes


@pytest.fixture(scope="module", params=BOMBS, ids=lambda make: make.__name__)
def bomb(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bomb") / "body"
    path.write_bytes(request.param())
    return path


def test_a_bomb_costs_little(bomb: Path) -> None:
    """Time and memory, measured in a process of its own, whose peak is that of the bomb alone."""
    _, _, seconds, kilobytes = judged_apart(bomb)
    assert seconds < 2
    assert kilobytes < 256 * 1024


def test_every_kind_of_file_is_classified_at_little_cost(tmp_path: Path) -> None:
    files = corpus()
    paths = [tmp_path / str(number) for number in range(len(files))]
    for path, (body, _) in zip(paths, files.values(), strict=True):
        path.write_bytes(body)
    outcomes, decoders, seconds, kilobytes = judged_apart(*paths)
    expected = {name: outcome for name, (_, outcome) in files.items()}
    assert dict(zip(files, outcomes, strict=True)) == expected
    assert set(decoders) <= {"JPEG", "PNG", "WEBP", "GIF", "BMP"}
    assert seconds < 2
    assert kilobytes < 256 * 1024


@pytest.mark.parametrize("side", [12_000, 20_000])
def test_pixels_are_counted_before_they_are_made(side: int) -> None:
    judged = judge(flat_png(side))
    assert isinstance(judged, Rejection)
    assert judged.outcome == "pixel_limit"
