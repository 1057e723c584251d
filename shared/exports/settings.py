"""The settings of exports."""

import os
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.platform.model import Model
from shared.platform.settings.parts import Part, env


class ArchiveSettings(Model):
    """How exports are packed."""

    enable: bool = True
    tar: bool = True
    type: Literal["zstd", "zip"] = "zstd"
    level: int = Field(10, ge=1, le=19)


def _workers(number: int) -> int:
    return number or os.cpu_count() or 1


class CompressionSettings(Model):
    """How exports encode images anew."""

    quality: int = Field(85, ge=1, le=100)
    format: Literal["webp", "jpeg", "png"] = "webp"
    lossless: bool = False
    workers: Annotated[int, AfterValidator(_workers)] = Field(2, ge=0, le=64)
    archive: ArchiveSettings = ArchiveSettings()


class ExportSettings(Part):
    """How exports are made."""

    compression: CompressionSettings = Field(
        CompressionSettings(), validation_alias=env("PIXCRAWLER_UTILITY_COMPRESSION")
    )
