"""Whether a picture is worth keeping: what it shows, not how it is stored.

Names and thresholds are cleanvision's (https://github.com/cleanlab/cleanvision), measured on the
grey picture alone, which may be a reduced one.
"""

from math import exp
from typing import Final, cast

from PIL import Image, ImageFilter, ImageStat

from shared.imaging.rules import Colour, Rejection, Rules

# Grey levels that a picture of a single colour may span: an encoder's noise.
SINGLE_COLOUR_SPAN: Final = 4
DARKEST: Final = 0.32 * 255  # nearly nothing is brighter
LIGHTEST: Final = 0.95 * 255  # nearly nothing is darker
LEAST_ENTROPY: Final = 3.0  # bits
LEAST_SHARPNESS: Final = 0.29
_SHARPNESS_SIDE: Final = 64
_EVEN_SPREAD: Final = 0.18
# Cb and Cr of grey are 128; what an encoder adds stays below that.
_COLOURLESS: Final = 6
_COLOUR_SIDE: Final = 128
_WITH_ALPHA: Final = frozenset({"RGBA", "LA", "P"})
_WITHOUT_COLOUR: Final = frozenset({"1", "L", "LA", "I", "I;16", "F"})
_SAMPLED: Final = 2_048  # pixels a side
_ENOUGH: Final = 256  # pixels a side that show what a transparent picture looks like


def on_white(image: Image.Image) -> Image.Image | None:
    """What is seen of a picture that is transparent, in grey and reduced; None for any other."""
    if image.mode not in _WITH_ALPHA or not image.has_transparency_data:
        return None
    image = _sample(image)
    if image.mode == "P":
        image = image.convert("LA")
    if (factor := min(image.size) // _ENOUGH) > 1:
        image = image.reduce(factor)
    grey, alpha = image.convert("LA").split()
    return Image.composite(grey, Image.new("L", grey.size, 255), alpha)


def check_look(grey: Image.Image, rules: Rules) -> Rejection | None:
    """Judges what is seen of a picture, whole or reduced."""
    if not rules.single_colour_allowed and _span(grey) <= SINGLE_COLOUR_SPAN:
        return Rejection("low_information", "a single colour")
    return None if rules.flaws_allowed else _flaw(grey)


def _sample(image: Image.Image) -> Image.Image:
    """Some of the pixels of a large picture: working on all would take its memory once more."""
    most = max(image.size)
    if most <= _SAMPLED:
        return image
    width, height = (max(side * _SAMPLED // most, 1) for side in image.size)
    return image.resize((width, height), Image.Resampling.NEAREST)


def _span(grey: Image.Image) -> float:
    darkest, lightest = cast(tuple[float, float], grey.getextrema())
    return lightest - darkest


def _flaw(grey: Image.Image) -> Rejection | None:
    """The first thing that is wrong with how the picture looks."""
    counts = grey.histogram()
    if (brightest := _percentile(counts, 0.99)) < DARKEST:
        return Rejection("dark", f"99 % of it is at most {brightest / 255:.0%} bright")
    if (darkest := _percentile(counts, 0.05)) > LIGHTEST:
        return Rejection("light", f"95 % of it is at least {darkest / 255:.0%} bright")
    if (entropy := grey.entropy()) < LEAST_ENTROPY:
        return Rejection("low_information", f"entropy {entropy:.1f} bits")
    if (sharpness := _sharpness(grey)) < LEAST_SHARPNESS:
        return Rejection("blurry", f"sharpness {sharpness:.2f}")
    return None


def colour_of(image: Image.Image) -> Colour:
    """Whether the picture has colours, whatever its mode would allow."""
    if image.mode in _WITHOUT_COLOUR:
        return "greyscale"
    image = _sample(image)
    if image.mode == "P":
        image = image.convert("RGBA")
    if (factor := min(image.size) // _COLOUR_SIDE) > 1:
        image = image.reduce(factor)
    _, *chroma = image.convert("RGB").convert("YCbCr").split()
    for band in chroma:
        counts = band.histogram()
        span = (128 - _percentile(counts, 0.01), _percentile(counts, 0.99) - 128)
        if max(span) > _COLOURLESS:
            return "colour"
    return "greyscale"


def _percentile(counts: list[int], share: float) -> int:
    """The level up to which that share of the pixels goes."""
    wanted = share * sum(counts)
    for level, count in enumerate(counts):
        wanted -= count
        if wanted <= 0:
            return level
    return len(counts) - 1


def _sharpness(grey: Image.Image) -> float:
    """From 0, all blurred, to 1: how strong the edges are in the picture at 64 pixels a side."""
    ratio = max(grey.size) / _SHARPNESS_SIDE
    small = grey
    if ratio > 1:
        width, height = (max(int(side / ratio), 1) for side in grey.size)
        small = grey.resize((width, height), Image.Resampling.BOX)
    edges = 1 - exp(-ImageStat.Stat(small.filter(ImageFilter.FIND_EDGES)).stddev[0] / 100)
    counts = small.histogram()
    mean = sum(counts) / len(counts)
    deviation = (sum((count - mean) ** 2 for count in counts) / len(counts)) ** 0.5
    spread = 1 - exp(-deviation / 100)
    return min(edges + (spread if spread > _EVEN_SPREAD else 0), 1)
