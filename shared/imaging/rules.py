"""Which images are taken: what the level demands, and what the job wants."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Level: TypeAlias = Literal["basic", "standard", "strict"]
Format: TypeAlias = Literal["jpeg", "png", "webp", "gif", "bmp"]
Orientation: TypeAlias = Literal["landscape", "portrait", "square"]
Colour: TypeAlias = Literal["colour", "greyscale"]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why the bytes are not taken; ``outcome`` is the name recorded for the candidate."""

    outcome: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an image has to be. Sizes are those of the picture as it is meant to be seen."""

    # What the level demands.
    min_side: int = 25
    min_bytes: int = 512
    max_aspect: float | None = None
    single_colour_allowed: bool = True
    flaws_allowed: bool = True  # blurry, dark, light or with little to see

    # What the job wants to have, whatever the quality.
    formats: frozenset[Format] = frozenset()
    min_width: int = 0
    max_width: int | None = None
    min_height: int = 0
    max_height: int | None = None
    wanted_bytes: int = 0
    orientation: Orientation | None = None
    colour: Colour | None = None


LEVELS: Final[dict[Level, Rules]] = {
    "basic": Rules(),
    "standard": Rules(min_side=100, min_bytes=2_048, max_aspect=5, single_colour_allowed=False),
    "strict": Rules(
        min_side=100, min_bytes=2_048, max_aspect=5, single_colour_allowed=False,
        flaws_allowed=False,
    ),
}  # fmt: skip


def check_bytes(size: int, kind: str, rules: Rules) -> Rejection | None:
    """Judges what is known before the file is opened."""
    if size < rules.min_bytes:
        return Rejection("too_small", f"{size} bytes")
    if rules.formats and kind.lower() not in rules.formats:
        return Rejection("filtered", f"format: {kind.lower()}")
    if size < rules.wanted_bytes:
        return Rejection("filtered", f"min_bytes: {size} bytes")
    return None


def check_shape(width: int, height: int, rules: Rules) -> Rejection | None:
    """Judges what is known before the picture is decoded."""
    size = f"{width} x {height} pixels"
    if min(width, height) < rules.min_side:
        return Rejection("too_small", size)
    if rules.max_aspect and max(width, height) > rules.max_aspect * min(width, height):
        return Rejection("odd_aspect_ratio", size)
    unwanted = _unwanted_shape(width, height, rules)
    return Rejection("filtered", f"{unwanted}: {size}") if unwanted else None


def _unwanted_shape(width: int, height: int, rules: Rules) -> str | None:
    """The first filter that does not take the shape."""
    checks = {
        "min_width": width >= rules.min_width,
        "max_width": rules.max_width is None or width <= rules.max_width,
        "min_height": height >= rules.min_height,
        "max_height": rules.max_height is None or height <= rules.max_height,
        "orientation": rules.orientation in {None, orientation_of(width, height)},
    }
    return next((name for name, taken in checks.items() if not taken), None)


def orientation_of(width: int, height: int) -> Orientation:
    """Square is what is nearly so: the sides differ by 5 % at most."""
    if abs(width - height) * 20 <= max(width, height):
        return "square"
    return "landscape" if width > height else "portrait"
