"""The perceptual hash against the reference implementation, and what it finds."""

import io
from itertools import combinations

import imagehash
import pytest
from PIL import Image, ImageDraw, ImageOps

from shared.imaging.dhash import dhash, distance
from shared.imaging.judge import Judged, judge
from shared.imaging.rules import Rules
from tests.scale import sized
from tests.unit.imaging.pictures import PHOTOS, TEXTURES, crops, encoded, photo

NEAR = 4


def oracle(image: Image.Image) -> int:
    value = int(str(imagehash.dhash(image)), 16)
    return value - (1 << 64) if value >> 63 else value


def phash(body: bytes) -> int:
    judged = judge(body, Rules(min_bytes=0))  # some parts of photographs show little
    assert isinstance(judged, Judged)
    return judged.phash


def variants(image: Image.Image) -> dict[str, bytes]:
    width, height = image.size
    turned = Image.Exif()
    turned[0x0112] = 6
    return {
        "half": encoded(image.resize((width // 2, height // 2)), quality=90),
        "double": encoded(image.resize((width * 2, height * 2)), quality=90),
        "cropped by 2 %": encoded(
            image.crop((width // 100, height // 100, width * 99 // 100, height * 99 // 100)),
            quality=90,
        ),
        "quality 50": encoded(image, quality=50),
        "webp": encoded(image, "WEBP", quality=80),
        "png": encoded(image, "PNG"),
        "turned by EXIF": encoded(
            image.transpose(Image.Transpose.ROTATE_90), quality=90, exif=turned
        ),
    }


@pytest.mark.parametrize("name", PHOTOS + TEXTURES)
class TestOracle:
    @pytest.mark.parametrize("mode", ["RGB", "L", "P", "CMYK", "RGBA", "1"])
    def test_equal_on_the_same_pixels(self, name: str, mode: str) -> None:
        image = photo(name).convert(mode)
        assert dhash(image) == oracle(image)

    @pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP"])
    def test_judge_is_equal_where_nothing_is_reduced(self, name: str, kind: str) -> None:
        body = encoded(ImageOps.contain(photo(name), (255, 255)), kind)
        with Image.open(io.BytesIO(body)) as image:
            assert phash(body) == oracle(image)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
    def test_judge_is_within_three_bits_where_it_reduces(self, name: str, kind: str) -> None:
        image = photo(name)
        large = image.resize((image.width * 3, image.height * 3))
        body = encoded(large, kind, quality=85, compress_level=1)
        with Image.open(io.BytesIO(body)) as full:
            assert distance(phash(body), oracle(ImageOps.exif_transpose(full))) <= 3


def pictures(number: int) -> list[Image.Image]:
    """That many, of all photographs the same share."""
    each = 2 if number <= 5 * len(PHOTOS) else 5
    parts = [crops(name, each) for name in PHOTOS]
    return [picture for row in zip(*parts, strict=True) for picture in row][:number]


class TestNearDuplicates:
    def test_copies_are_found(self) -> None:
        found = [
            distance(phash(encoded(picture, quality=92)), phash(copy)) <= NEAR
            for picture in pictures(sized(26, 300))
            for copy in variants(picture).values()
        ]
        assert len(found) >= 7 * 26
        assert sum(found) / len(found) >= 0.95

    def test_each_copy_has_the_hash_of_the_reference_implementation(self) -> None:
        for picture in pictures(sized(5, 300)):
            for copy in variants(picture).values():
                with Image.open(io.BytesIO(copy)) as image:
                    seen = ImageOps.exif_transpose(image)
                    assert dhash(seen) == oracle(seen)

    def test_other_pictures_are_not(self) -> None:
        hashes = [
            phash(encoded(picture, quality=92))
            for picture in [*pictures(sized(26, 300)), *map(photo, TEXTURES)]
        ]
        wrong = [distance(one, other) <= NEAR for one, other in combinations(hashes, 2)]
        assert sum(wrong) / len(wrong) <= 0.01


def drawing(number: int, side: int = 512) -> Image.Image:
    """Black on nothing, which is black too."""
    image = Image.new("RGBA", (512, 512))
    draw = ImageDraw.Draw(image)
    if number == 0:
        draw.ellipse((20, 20, 240, 240), fill="black")
    elif number == 1:
        draw.rectangle((200, 280, 500, 400), fill="black")
    elif number == 2:
        draw.polygon([(10, 500), (256, 10), (500, 500)], fill="black")
    else:
        draw.line((0, 0, 500, 500), fill="black", width=90)
    return image.resize((side, side))


class TestTransparent:
    def test_other_drawings_are_not_the_same(self) -> None:
        hashes = [phash(encoded(drawing(number), "PNG")) for number in range(4)]
        assert all(distance(one, other) > NEAR for one, other in combinations(hashes, 2))

    def test_other_drawings_in_white_are_not_the_same(self) -> None:
        hashes = []
        for number in range(4):
            alpha = drawing(number).getchannel("A")
            image = Image.merge("RGBA", [alpha] * 4)
            hashes.append(phash(encoded(image, "PNG")))
        assert all(distance(one, other) > NEAR for one, other in combinations(hashes, 2))

    @pytest.mark.parametrize("number", range(4))
    @pytest.mark.parametrize("side", [100, 300, 512, 900, 2_500])
    def test_copies_of_drawings_are_found(self, number: int, side: int) -> None:
        original = phash(encoded(drawing(number), "PNG"))
        copy = drawing(number, side)
        for body in (encoded(copy, "PNG"), encoded(copy, "WEBP", quality=80)):
            assert distance(original, phash(body)) <= NEAR

    @pytest.mark.parametrize("name", PHOTOS)
    def test_copies_of_cut_out_photographs_are_found(self, name: str) -> None:
        image = photo(name).convert("RGBA")
        mask = Image.new("L", image.size)
        width, height = image.size
        ImageDraw.Draw(mask).ellipse((width // 8, 0, width * 7 // 8, height), fill=255)
        image.putalpha(mask)
        small = image.resize((width // 2, height // 2))
        hashes = [
            phash(encoded(copy, kind, **({"quality": 80} if kind == "WEBP" else {})))
            for copy in (image, small)
            for kind in ("PNG", "WEBP")
        ]
        assert all(distance(one, other) <= NEAR for one, other in combinations(hashes, 2))

    def test_is_hashed_as_it_is_turned(self) -> None:
        turned = Image.Exif()
        turned[0x0112] = 6
        stored = drawing(0).transpose(Image.Transpose.ROTATE_90)
        upright = phash(encoded(drawing(0), "PNG"))
        assert phash(encoded(stored, "PNG", exif=turned)) == upright


def test_distance_counts_bits_of_signed_numbers() -> None:
    assert distance(-1, 0) == 64
    assert distance(-(1 << 63), 0) == 1
    assert distance(5, 5) == 0
