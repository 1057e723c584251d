"""Pictures like photographs, made once: sizes, formats and faults in fixed shares."""

import io
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image

from scripts.devhost.paths import ROOT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels: TypeAlias = "NDArray[np.float32]"

Sizes: TypeAlias = tuple[tuple[int, int], ...]
SIZES: Sizes = ((800, 600), (1024, 768), (1280, 960), (1600, 1200))
SMALL_SIZES: Sizes = ((240, 180), (320, 240), (400, 300))  # about 20 KB as JPEG
# Of a hundred: 3 are not there, 2 broken off, 5 copies of the one before, 5 nearly so.
MISSING, TRUNCATED, COPIES, NEAR_COPIES = range(3), range(3, 5), range(5, 10), range(10, 15)
PNG, WEBP = range(15, 17), range(17, 21)
GRAIN = 2048
PROCESSES = 2


def photos(count: int, *, small: bool = False) -> Path:
    """The directory with ``count`` pictures (less those that are missing), by number."""
    directory = ROOT / ".local" / "bench" / f"{'small-' * small}photos-{count}"
    done = directory / "complete"
    if not done.exists():
        directory.mkdir(parents=True, exist_ok=True)
        write = partial(_write, directory, SMALL_SIZES if small else SIZES)
        with ProcessPoolExecutor(PROCESSES) as pool:
            list(pool.map(write, range(count), chunksize=50))
        done.touch()
    return directory


def name_of(number: int) -> str:
    """The file of a picture; what it is shows only in its bytes, as on the web."""
    return f"{number:06}.jpg"


def _write(directory: Path, sizes: Sizes, number: int) -> None:
    content = _content(number, sizes)
    if content:
        (directory / name_of(number)).write_bytes(content)


def _content(number: int, sizes: Sizes) -> bytes:
    place = number * 37 % 100  # spread out, and the same for every hundred
    if place in MISSING:
        return b""
    if place in COPIES:
        return _encoded(number - 1, sizes)
    if place in NEAR_COPIES:
        picture = _picture(number - 1, sizes)
        smaller = picture.resize((picture.width * 9 // 10, picture.height * 9 // 10))
        return _save(smaller, "JPEG", quality=80)
    content = _encoded(number, sizes)
    return content[: len(content) * 6 // 10] if place in TRUNCATED else content


def _encoded(number: int, sizes: Sizes) -> bytes:
    place = number * 37 % 100
    picture = _picture(number, sizes)
    if place in PNG:
        return _save(picture.resize((min(picture.width, 400), min(picture.height, 300))), "PNG")
    if place in WEBP:
        return _save(picture, "WEBP", quality=85)
    return _save(picture, "JPEG", quality=88)


def _save(picture: Image.Image, kind: str, **options: Any) -> bytes:
    body = io.BytesIO()
    picture.save(body, kind, **options)
    return body.getvalue()


def _picture(number: int, sizes: Sizes) -> Image.Image:
    """Large soft forms of its own, and the fine grain of a photograph."""
    chance = np.random.default_rng(number)
    width, height = sizes[int(chance.integers(len(sizes)))]
    forms = Image.fromarray(chance.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    soft = np.asarray(forms.resize((width, height), Image.Resampling.BICUBIC), np.float32)
    x, y = (int(v) for v in chance.integers(0, (GRAIN - width, GRAIN - height)))
    grain = _grain()[y : y + height, x : x + width, None] * float(chance.uniform(10, 20))
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))


@lru_cache(maxsize=1)
def _grain() -> "Pixels":
    """Noise whose strength falls with its frequency, as that of photographs does."""
    chance = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(GRAIN)[:, None], np.fft.rfftfreq(GRAIN)[None, :])
    frequency[0, 0] = 1
    waves = np.fft.rfft2(chance.standard_normal((GRAIN, GRAIN))) / frequency**1.3
    noise: Pixels = np.fft.irfft2(waves).astype(np.float32)
    noise /= noise.std()
    return noise
