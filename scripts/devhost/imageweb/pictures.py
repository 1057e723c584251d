"""Drawing the pictures: an emoji before a photographed background, lit at random.

Everything follows from the seed of a picture, so the same picture comes out on every machine
with the same versions of the packages.
"""

import io
import random
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops, ImageOps

from scripts.devhost.imageweb.keywords import Subject

Size = tuple[int, int]
# Photographs that make good backgrounds, and what a title calls them.
BACKGROUNDS: Final = {
    "grass.png": "grass", "gravel.png": "gravel", "brick.png": "a brick wall",
    "china.jpg": "a temple", "flower.jpg": "a flower bed", "coffee.png": "a wooden table",
    "chelsea.png": "fur", "rocket.jpg": "the evening sky", "hubble_deep_field.jpg": "the stars",
    "motorcycle_left.png": "a garage", "retina.jpg": "red light", "ihc.png": "a pink pattern",
    "moon.png": "the surface of the moon", "astronaut.png": "a flag", "camera.png": "a lawn",
}  # fmt: skip
# Colours for photographs that are grey: the middle of the scale.
TINTS: Final = {"grass.png": "#5f7d35", "gravel.png": "#8a7f70", "brick.png": "#a85a42"}
SIDES: Final = (400, 480, 560, 640, 720, 800)
RATIOS: Final = (1.0, 4 / 3, 3 / 2, 3 / 4, 2 / 3)


@dataclass(frozen=True)
class Picture:
    """A picture before it is drawn."""

    seed: str
    subject: Subject
    format: str


@dataclass(frozen=True)
class Drawn:
    """A picture as it is served."""

    content: bytes
    width: int
    height: int
    background: str


def photograph(name: str) -> Path:
    """Where the installed scikit-image or scikit-learn keeps the photograph."""
    # Found, not imported: importing them would take longer than drawing fifty pictures.
    for package, folder in (("skimage", "data"), ("sklearn", "datasets/images")):
        spec = find_spec(package)
        if spec and spec.origin and (path := Path(spec.origin).parent / folder / name).exists():
            return path
    raise FileNotFoundError(name)


def draw(picture: Picture, emoji: Path) -> Drawn:
    """The picture; `emoji` is the directory with the emoji files."""
    chance = random.Random(picture.seed)
    if picture.subject.photograph:
        image, background = _photograph(picture.subject.file, chance), ""
    else:
        image, background = _composition(emoji / picture.subject.file, chance)
    return Drawn(encode(image, picture.format, chance.randint(80, 92)), *image.size, background)


def encode(image: Image.Image, kind: str, quality: int) -> bytes:
    """The file."""
    file = io.BytesIO()
    if kind == "png":
        image.save(file, "PNG", compress_level=4)
    elif kind == "webp":
        image.save(file, "WEBP", quality=quality, method=1)
    else:
        image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _photograph(name: str, chance: random.Random) -> Image.Image:
    image = _opened(name)
    side = max(image.size)
    target = chance.choice((560, 640, 720))
    return image.resize((image.width * target // side, image.height * target // side))


def _composition(emoji: Path, chance: random.Random) -> tuple[Image.Image, str]:
    side, ratio = chance.choice(SIDES), chance.choice(RATIOS)
    size = (side, round(side / ratio)) if ratio >= 1 else (round(side * ratio), side)
    name = chance.choice(sorted(BACKGROUNDS))
    image = ImageChops.multiply(_background(name, size, chance), _light(size, chance))
    figure = _figure(emoji, min(size), chance)
    place = (
        round((size[0] - figure.width) * chance.uniform(0.1, 0.9)),
        round((size[1] - figure.height) * chance.uniform(0.1, 0.9)),
    )
    shadow = figure.getchannel("A").resize((24, 24)).resize(figure.size).point(lambda a: a * 0.55)
    offset = figure.width // 18
    image.paste((12, 12, 20), (place[0] + offset, place[1] + offset), shadow)
    image.paste(figure, place, figure)
    return image, BACKGROUNDS[name]


def _figure(emoji: Path, room: int, chance: random.Random) -> Image.Image:
    with Image.open(emoji) as file:
        figure = file.convert("RGBA")
    if chance.random() < 0.4:
        figure = ImageOps.mirror(figure)
    figure = figure.rotate(chance.uniform(-28, 28), Image.Resampling.BILINEAR, expand=True)
    side = round(room * chance.uniform(0.6, 0.95))
    return figure.resize((side, side), Image.Resampling.BICUBIC)


def _background(name: str, size: Size, chance: random.Random) -> Image.Image:
    photo = _opened(name)
    room = min(photo.width / size[0], photo.height / size[1])
    scale = room * chance.uniform(0.45, 1.0)
    width, height = max(8, round(size[0] * scale)), max(8, round(size[1] * scale))
    left, top = chance.randint(0, photo.width - width), chance.randint(0, photo.height - height)
    box = (left, top, left + width, top + height)
    if chance.random() < 0.6:  # out of focus
        blur = chance.randint(10, 22)
        crop = photo.resize((size[0] // blur, size[1] // blur), Image.Resampling.BOX, box)
        crop = crop.resize(size, Image.Resampling.BICUBIC)
    else:
        crop = photo.resize(size, Image.Resampling.BILINEAR, box)
    return ImageOps.mirror(crop) if chance.random() < 0.5 else crop


def _light(size: Size, chance: random.Random) -> Image.Image:
    """Dappled light: what makes two pictures on one background different ones."""
    spots = bytes(chance.randint(70, 255) for _ in range(5 * 4))
    return Image.frombytes("L", (5, 4), spots).resize(size, Image.Resampling.BICUBIC).convert("RGB")


@cache
def _opened(name: str) -> Image.Image:
    with Image.open(photograph(name)) as file:
        if tint := TINTS.get(name):
            return ImageOps.colorize(file.convert("L"), "#101010", "#f4f4ee", mid=tint)
        return file.convert("RGB")
