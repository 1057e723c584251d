"""Small files that want much: each is refused or read in little time and memory."""

import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from shared.imaging.judge import Judged, Rejection, judge
from tests.unit.imaging.pictures import encoded, photo


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


def wide_webp() -> bytes:
    return encoded(Image.new("RGB", (16_000, 2_400)), "WEBP", lossless=True)


def large_webp() -> bytes:
    return encoded(Image.new("RGB", (4_096, 3_050)), "WEBP", lossless=True)


BOMBS = [
    text_bomb, profile_bomb, many_frames, lying_rows, endless_scans, wide_webp, large_webp,
]  # fmt: skip


@pytest.mark.parametrize("make", BOMBS)
def test_bomb_costs_little(make: Callable[[], bytes]) -> None:
    body = make()
    started = time.thread_time()
    judged = judge(body)
    assert time.thread_time() - started < 2
    assert isinstance(judged, Judged | Rejection)


@pytest.mark.parametrize("size", [(12_000, 12_000), (20_000, 20_000)])
def test_pixels_are_counted_before_they_are_made(size: tuple[int, int]) -> None:
    header = struct.pack(">IIBBBBB", *size, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(size[0] * size[1] // 8))
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    body = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    assert judge(body) == Rejection("pixel_limit", f"{size[0]} x {size[1]} pixels")


def test_memory_stays_small(tmp_path: Path) -> None:
    """Measured in a process of its own, whose peak is that of the bombs alone."""
    for number, make in enumerate(BOMBS):
        (tmp_path / str(number)).write_bytes(make())
    program = (
        "import sys; from pathlib import Path; from shared.imaging.judge import judge\n"
        "for path in Path(sys.argv[1]).iterdir(): judge(path.read_bytes())\n"
        "print(Path('/proc/self/status').read_text())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    (peak,) = (line.split()[1] for line in ended.stdout.splitlines() if line.startswith("VmHWM"))
    assert int(peak) < 256 * 1024
