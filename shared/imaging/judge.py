"""Judging downloaded bytes: type by content, limits by header, soundness by decoding once."""

import warnings
from dataclasses import dataclass
from typing import Final

from PIL import ExifTags, Image, UnidentifiedImageError

from shared.imaging.dhash import HEIGHT, WIDTH, dhash
from shared.imaging.limits import (
    MOST_PIXELS,
    BoundedFile,
    check_limits,
    check_parts,
    check_reduced,
)
from shared.imaging.quality import check_look, colour_of, on_white
from shared.imaging.rules import LEVELS, Rejection, Rules, check_bytes, check_shape

__all__ = ["Judged", "Rejection", "judge", "sniff"]

# The limit is ours and is checked on the header, before anything is decoded. Pillow's own is twice
# as high and keeps it from making a picture before that: the background of a GIF's first frame. It
# would warn in between, and a warning is per process and not per image.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

# How many times larger than the hash a JPEG is decoded. At 8 times one hash in six is off by three
# bits or more. At 16 as many of 2,100 copies are found within four bits as at 32 (97 %), for two
# thirds of the CPU; more would only reproduce the hash of the full picture better.
_OVERSAMPLING: Final = 16
_LEAST: Final = (WIDTH * _OVERSAMPLING, HEIGHT * _OVERSAMPLING)
_SCALES: Final = (8, 4, 2)  # those of a JPEG's decoder
_REDUCIBLE: Final = frozenset({"L", "RGB"})
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})


@dataclass(frozen=True, slots=True)
class Judged:
    """A sound image. Size and hash are of the picture as it is meant to be seen (EXIF turned)."""

    format: str
    width: int
    height: int
    phash: int


def judge(body: bytes, rules: Rules = LEVELS["basic"]) -> Judged | Rejection:
    """What the bytes are worth. Never raises; safe in threads, where it belongs."""
    kind = sniff(body)
    if kind is None:
        return Rejection("wrong_type", "neither JPEG, PNG, WebP, GIF nor BMP")
    if unfit := check_bytes(len(body), kind, rules) or check_parts(kind, body):
        return unfit
    try:
        # Only the decoder of the type that was seen: polyglots and exotic formats find none.
        with Image.open(BoundedFile(body), formats=(kind,)) as image:
            return check_limits(image, body) or _look(image, kind, rules)
    except Exception as error:  # noqa: BLE001 - decoders raise whatever hostile bytes provoke
        return _explain(error, kind, body)


def sniff(body: bytes) -> str | None:
    """Pillow's name of the type that the first bytes announce, of those that are taken."""
    if body.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if body.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return "WEBP"
    # "BM" alone begins many a text: the reserved words of the header are zero.
    if body.startswith(b"BM") and body[6:10] == bytes(4):
        return "BMP"
    return None


def _look(image: Image.Image, kind: str, rules: Rules) -> Judged | Rejection:
    """Decodes once, a large JPEG at reduced scale: that reads every byte of it all the same."""
    width, height = image.size
    orientation = _orientation(image)
    if orientation in _SIDEWAYS:
        width, height = height, width
    if unfit := check_shape(width, height, rules):
        return unfit
    if kind == "JPEG" and image.width >= 2 * _LEAST[0] and image.height >= 2 * _LEAST[1]:
        image.draft("RGB" if rules.colour else "L", _LEAST)
    if unfit := check_reduced(image):
        return unfit
    image.load()  # of an animation the first frame
    if rules.colour and colour_of(image) != rules.colour:
        return Rejection("filtered", f"colour: not {rules.colour}")
    seen = grey = on_white(image)
    if grey is None or len(set(grey.getextrema())) == 1:  # of white on nothing white shows nothing
        image.info.pop("transparency", None)  # Pillow would warn that grey loses it
        grey = _reduced(image).convert("L")
    image.close()  # a large one takes most of the memory that there is for it
    if unfit := check_look(seen or grey, rules):
        return unfit
    if orientation in _TURNS:
        grey = grey.transpose(_TURNS[orientation])
    return Judged(kind.lower(), width, height, dhash(grey))


def _reduced(image: Image.Image) -> Image.Image:
    """A large picture as small as a JPEG is decoded: what follows would work on every pixel."""
    for scale in _SCALES if image.mode in _REDUCIBLE else ():
        if image.width >= scale * _LEAST[0] and image.height >= scale * _LEAST[1]:
            return image.reduce(scale)
    return image


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - broken metadata does not break the picture
        return 1


def _explain(error: Exception, kind: str, body: bytes) -> Rejection:
    if isinstance(error, MemoryError | Image.DecompressionBombError):
        detail = str(error).partition(", ")[0] or type(error).__name__
        return Rejection("pixel_limit", detail)
    if "truncated" in str(error) or _is_cut_short(kind, body):
        return Rejection("truncated", f"the {kind} ends too early")
    if isinstance(error, UnidentifiedImageError):
        return Rejection("undecodable", f"no {kind} after its first bytes")
    return Rejection("undecodable", f"{kind}: {str(error)[:200] or type(error).__name__}")


def _is_cut_short(kind: str, body: bytes) -> bool:
    """Whether the end that the format demands is missing."""
    if kind == "WEBP":
        return len(body) < int.from_bytes(body[4:8], "little") + 8
    if kind == "BMP":
        return len(body) < int.from_bytes(body[2:6], "little")
    if kind == "PNG":
        return b"IEND" not in body[-64:]
    if kind == "GIF":
        return b";" not in body[-64:]
    return b"\xff\xd9" not in body[-64:]
