"""Thumbnails: small, turned, see-through where the picture is."""

import io

import pytest
from PIL import Image

from shared.imaging.thumbnail import MAX_SIDE, make_thumbnail
from tests.unit.imaging.pictures import encoded, photo


def opened(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(make_thumbnail(body)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_fits_and_keeps_its_shape(kind: str) -> None:
    image = photo("chelsea")
    made = opened(encoded(image, kind))
    assert made.format == "WEBP"
    assert max(made.size) == MAX_SIDE
    assert made.width / made.height == pytest.approx(image.width / image.height, abs=0.02)


def test_a_small_picture_stays_as_small() -> None:
    assert opened(encoded(photo("chelsea").resize((40, 30)))).size == (40, 30)


def test_is_turned_as_the_camera_was() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = opened(encoded(photo("chelsea"), exif=exif))
    assert upright.height > upright.width
    assert not upright.getexif()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_broken_metadata_does_not_break_a_picture(kind: str) -> None:
    body = encoded(photo("chelsea"), kind, exif=b"Exif\0\0" + bytes(40))
    assert max(opened(body).size) == MAX_SIDE


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "CMYK", "I;16", "1"])
def test_every_kind_of_pixels(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    image = Image.new(mode, (600, 300)) if mode == "I;16" else photo("cat").convert(mode)
    assert opened(encoded(image, kind)).mode in ("RGB", "RGBA")


def test_transparency_is_kept() -> None:
    assert opened(encoded(Image.new("RGBA", (300, 300), (9, 9, 9, 0)), "PNG")).mode == "RGBA"
