"""What the three levels and a job's filters refuse, and by which name."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from shared.crawl.filters import JobFilters
from shared.imaging.judge import Judged, Rejection, judge
from shared.imaging.rules import LEVELS, Level
from tests.unit.imaging.pictures import PHOTOS, encoded, photo

SOUND = [name for name in PHOTOS if name not in {"hubble_deep_field", "cell", "retina", "clock"}]


def outcome(image: Image.Image, level: Level, kind: str = "PNG") -> str:
    judged = judge(encoded(image, kind), LEVELS[level])
    return judged.outcome if isinstance(judged, Rejection) else "taken"


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def spot() -> Image.Image:
    """A small white spot on nothing."""
    image = Image.new("RGB", (400, 400), (90, 90, 90))
    ImageDraw.Draw(image).ellipse((180, 180, 220, 220), "white")
    return image


class TestLevels:
    @pytest.mark.parametrize("name", SOUND)
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    def test_a_good_photograph_passes_all(self, name: str, kind: str) -> None:
        body = encoded(photo(name), kind)
        assert [type(judge(body, rules)) for rules in LEVELS.values()] == [Judged] * 3

    @pytest.mark.parametrize(
        ("image", "basic", "standard"),
        [
            (noise(24, 200), "too_small", "too_small"),
            (noise(99, 200), "taken", "too_small"),
            (noise(100, 500), "taken", "taken"),
            (noise(100, 501), "taken", "odd_aspect_ratio"),
            (noise(501, 100), "taken", "odd_aspect_ratio"),
        ],
    )
    def test_shapes(self, image: Image.Image, basic: str, standard: str) -> None:
        assert outcome(image, "basic") == basic
        assert outcome(image, "standard") == outcome(image, "strict") == standard

    def test_few_bytes(self) -> None:
        body = encoded(photo("cat").resize((120, 120)), quality=5)
        assert 512 < len(body) < 2_048
        assert isinstance(judge(body), Judged)
        assert judge(body, LEVELS["standard"]) == Rejection("too_small", f"{len(body)} bytes")

    @pytest.mark.parametrize("colour", ["black", "white", "#7a3b10"])
    def test_single_colour(self, colour: str) -> None:
        body = encoded(Image.new("RGB", (1500, 1500), colour), "JPEG", quality=90)
        assert isinstance(judge(body), Judged)
        for level in ("standard", "strict"):
            judged = judge(body, LEVELS[level])
            assert isinstance(judged, Rejection)
            assert judged.outcome in {"low_information", "dark", "light"}
        assert judge(body, LEVELS["standard"]) == Rejection("low_information", "a single colour")

    @pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
    def test_a_black_shape_on_nothing_is_a_picture(self, mode: str) -> None:
        shape = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
        alpha = np.asarray(photo("coffee").convert("L").resize((300, 300)))
        shape.putalpha(Image.fromarray(alpha))
        body = encoded(shape.convert(mode) if mode != "P" else shape.quantize(), "PNG")
        if mode == "P":
            with Image.open(io.BytesIO(body)) as image:
                assert "transparency" in image.info
        assert isinstance(judge(body, LEVELS["standard"]), Judged)

    @pytest.mark.parametrize("name", ["coffee", "astronaut", "rocket"])
    def test_strict_names_what_is_wrong(self, name: str) -> None:
        good = photo(name)
        faded = Image.blend(good, Image.new("RGB", good.size, "white"), 0.97)
        assert outcome(ImageEnhance.Brightness(good).enhance(0.2), "strict", "JPEG") == "dark"
        assert outcome(faded, "strict", "JPEG") == "light"
        assert outcome(good.filter(ImageFilter.GaussianBlur(25)), "strict", "JPEG") == "blurry"
        assert outcome(spot(), "strict", "BMP") == "low_information"

    def test_standard_takes_them(self) -> None:
        good = photo("coffee")
        for image in (
            ImageEnhance.Brightness(good).enhance(0.2),
            good.filter(ImageFilter.GaussianBlur(25)),
        ):
            assert outcome(image, "standard", "JPEG") == "taken"

    def test_reduced_decoding_sees_the_same(self) -> None:
        """A large JPEG is decoded at a fraction of it: verdicts do not depend on that."""
        for name in SOUND[:4]:
            large = photo(name).resize((1_200, 1_200))
            for image in (large, large.filter(ImageFilter.GaussianBlur(60))):
                assert outcome(image, "strict", "JPEG") == outcome(image, "strict", "BMP")


def filtered(image: Image.Image, kind: str = "PNG", **filters: Any) -> str | None:
    """The detail of what refuses the image; None when it is taken."""
    judged = judge(encoded(image, kind), JobFilters.model_validate(filters).rules())
    if isinstance(judged, Judged):
        return None
    assert judged.outcome == "filtered"
    return judged.detail


class TestFilters:
    @pytest.mark.parametrize(
        ("filters", "detail"),
        [
            ({"min_width": 451}, "min_width: 450 x 300 pixels"),
            ({"min_height": 301}, "min_height: 450 x 300 pixels"),
            ({"max_width": 449}, "max_width: 450 x 300 pixels"),
            ({"max_height": 299}, "max_height: 450 x 300 pixels"),
            ({"orientation": "portrait"}, "orientation: 450 x 300 pixels"),
            ({"orientation": "square"}, "orientation: 450 x 300 pixels"),
            ({"formats": ["jpeg", "webp"]}, "format: png"),
            ({"colour": "greyscale"}, "colour: not greyscale"),
            (
                {
                    "min_width": 450, "max_width": 450, "min_height": 300, "max_height": 300,
                    "orientation": "landscape", "formats": ["png"], "colour": "colour",
                    "min_bytes": 10_000,
                },
                None,
            ),
        ],
    )  # fmt: skip
    def test_each_takes_what_it_says(self, filters: dict[str, Any], detail: str | None) -> None:
        assert filtered(photo("coffee").resize((450, 300)), **filters) == detail

    def test_bytes(self) -> None:
        body = encoded(photo("coffee"))
        rules = JobFilters(min_bytes=len(body) + 1).rules()
        assert judge(body, rules) == Rejection("filtered", f"min_bytes: {len(body)} bytes")
        assert isinstance(judge(body, JobFilters(min_bytes=len(body)).rules()), Judged)

    def test_size_and_shape_are_those_that_are_seen(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        body = encoded(photo("coffee").resize((450, 300)), exif=exif)
        assert isinstance(
            judge(body, JobFilters(orientation="portrait", min_height=450).rules()), Judged
        )

    @pytest.mark.parametrize(
        ("size", "shape"),
        [
            ((400, 381), "square"), ((381, 400), "square"), ((400, 379), "landscape"),
            ((379, 400), "portrait"),
        ],
    )  # fmt: skip
    def test_nearly_square_is_square(self, size: tuple[int, int], shape: str) -> None:
        assert filtered(photo("coffee").resize(size), orientation=shape) is None

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
    @pytest.mark.parametrize("name", ["coffee", "chelsea", "astronaut"])
    def test_colours_are_looked_for_not_believed(self, name: str, kind: str) -> None:
        image = photo(name).resize((240, 180))
        grey = image.convert("L").convert("RGB")
        assert filtered(image, kind, colour="colour") is None
        assert filtered(grey, kind, colour="greyscale") is None
        assert filtered(image, kind, colour="greyscale") == "colour: not greyscale"
        assert filtered(grey, kind, colour="colour") == "colour: not colour"

    @pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1"])
    def test_colours_in_every_mode(self, mode: str) -> None:
        image = photo("chelsea").resize((240, 180)).convert(mode)
        coloured = mode in {"RGBA", "P"}
        assert (filtered(image, "PNG", colour="colour") is None) == coloured

    def test_transparent_palettes_have_colours_too(self) -> None:
        body = encoded(photo("chelsea").convert("P"), "PNG", transparency=bytes(range(256)))
        assert isinstance(judge(body, JobFilters(colour="colour").rules()), Judged)

    def test_refused_shapes_are_not_even_decoded(self) -> None:
        body = encoded(noise(400, 300), "PNG")
        cut = body[: len(body) // 2]
        judged = judge(cut, JobFilters(min_width=401).rules())
        assert judged == Rejection("filtered", "min_width: 400 x 300 pixels")
