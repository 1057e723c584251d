"""Which images a job wants: the settings that a user gives it."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from shared.imaging.rules import LEVELS, Colour, Format, Level, Orientation, Rules
from shared.platform.model import Input, VisibleText
from shared.sources.attribution import Use, allows

Pixels = Annotated[int, Field(ge=1, le=65_535)]
Reference = Annotated[VisibleText, StringConstraints(max_length=120)]


class JobFilters(Input):
    """What a job wants of an image. What is left out, or null, is all the same to it."""

    level: Level = Field(
        "standard",
        description="How much is checked. `basic`: the file is sound, at least 512 bytes and 25"
        " pixels a side. `standard`: also 2 KB and 100 pixels, sides of at most 5:1, not a single"
        " colour. `strict`: also neither blurry nor dark nor light nor nearly empty.",
    )
    min_width: Pixels | None = Field(None, description="Least width in pixels, as it is seen.")
    min_height: Pixels | None = Field(None, description="Least height in pixels.")
    max_width: Pixels | None = Field(None, description="Most width in pixels.")
    max_height: Pixels | None = Field(None, description="Most height in pixels.")
    min_bytes: Annotated[int, Field(ge=1, le=10 * 1024 * 1024)] | None = Field(
        None, description="Least size of the file in bytes."
    )
    formats: Annotated[frozenset[Format], Field(min_length=1)] | None = Field(
        None, description="The file formats to take."
    )
    orientation: Orientation | None = Field(
        None, description="The shape to take; the sides of a square differ by 5 % at most."
    )
    colour: Colour | None = Field(None, description="Only pictures with colours, or only without.")
    license: frozenset[Use] = Field(
        frozenset(),
        description="What the licence has to allow. An image whose licence is not known allows"
        " nothing.",
    )
    keep_location: bool = Field(
        False, description="Whether to keep where a picture was taken; else it is removed."
    )
    near_duplicate_bits: int = Field(
        4,
        ge=0,
        le=8,  # what the index of the hashes can find
        description="Up to how many of the 64 bits of the perceptual hash two images may differ"
        " and still count as the same picture.",
    )
    exclude_similar_to: Annotated[tuple[Reference, ...], Field(max_length=10)] = Field(
        (),
        description="Datasets of yours whose pictures are not wanted again, equal ones and those"
        " within `near_duplicate_bits`: by id or name, each with a version if only its images"
        " count (`42`, `cats@3`, `42@latest`). What they mean is settled when the job starts.",
        examples=[["cats@latest"]],
    )
    expand: Literal["off", "auto", "on"] = Field(
        "off",
        description="Whether variants of the keywords are searched too: never, once the keywords"
        " alone find too little, or always.",
    )

    @model_validator(mode="after")
    def _has_room(self) -> "JobFilters":
        for least, most in (
            (self.min_width, self.max_width),
            (self.min_height, self.max_height),
        ):
            if least and most and least > most:
                raise ValueError("a least size is larger than the most")
        return self

    def rules(self) -> Rules:
        """What the judge has to demand."""
        return replace(
            LEVELS[self.level],
            formats=self.formats or frozenset(),
            min_width=self.min_width or 0,
            max_width=self.max_width,
            min_height=self.min_height or 0,
            max_height=self.max_height,
            wanted_bytes=self.min_bytes or 0,
            orientation=self.orientation,
            colour=self.colour,
        )

    def allows_license(self, code: str | None) -> bool:
        """Whether a candidate with that licence is worth a download."""
        return allows(code, self.license)
