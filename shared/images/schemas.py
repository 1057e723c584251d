"""What goes in and out of images."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from shared.crawl.labels import Label
from shared.platform.http.pagination import PageQuery
from shared.platform.http.patch import Patch, unchanged
from shared.platform.model import Input, Model

Decision = Literal["keep", "drop", "unsure"]
ImageId = Annotated[int, Field(ge=1, le=2**31 - 1)]


class ImageQuery(PageQuery):
    """Which of a job's images to list."""

    keyword: Annotated[str | None, StringConstraints(max_length=100)] = None
    label: Annotated[str | None, StringConstraints(max_length=100)] = None
    decision: Decision | None = None
    engine: Annotated[str | None, StringConstraints(max_length=50)] = None
    license: Annotated[str | None, StringConstraints(max_length=50)] = None
    format: Annotated[str | None, StringConstraints(max_length=10)] = None
    is_duplicate: bool | None = None


class DownloadQuery(Input):
    """How a browser should treat the file."""

    disposition: Literal["attachment", "inline"] = "attachment"


class ImageReview(Patch):
    """What a person says of an image; null takes it back. At least one of the two is said."""

    label: Label | None = unchanged()
    decision: Decision | None = unchanged()

    @model_validator(mode="after")
    def _says_something(self) -> "ImageReview":
        if not self.model_fields_set & {"label", "decision"}:
            raise ValueError("a review has a label or a decision")
        return self


class ImageReviews(ImageReview):
    """The same said of several images of a job."""

    image_ids: Annotated[list[ImageId], Field(min_length=1, max_length=1000)]


class ReviewedOut(Model):
    """How many images were reviewed."""

    updated: int


class ConflictOut(Model):
    """A picture under two labels.

    ``exact``: the bytes of the image were found under another keyword too. ``near``: it is a
    near-duplicate of the other image.
    """

    image_id: int
    label: str
    other_label: str
    other_image_id: int | None
    kind: Literal["exact", "near"]
    place: int = Field(exclude=True)


class RestoringOut(Model):
    """Of what storage has archived: it is being brought back; ask again after `Retry-After`."""

    status: Literal["restoring"] = "restoring"
    detail: str = "Storage has archived the image and brings it back, which takes up to 15 hours."


class LicenseProofOut(Model):
    """The licence in the source's own words, if it says one of each image, and the answer that it
    stood in: the address that was asked, when, and the sha256 of the body, unpacked."""

    stated: str | None = None
    address: str | None = None
    at: datetime | None = None
    sha256: str | None = None


class ImageOut(Model):
    """An image: what it is, and where it comes from. ``hash`` is the sha256 of its bytes.

    ``label`` is the first of ``labels``. ``caption`` is the title that ``caption_source`` gave it.
    """

    id: int
    crawl_job_id: int
    filename: str
    original_url: str
    width: int | None
    height: int | None
    file_size: int | None
    format: str | None
    hash: str | None
    is_duplicate: bool
    duplicate_of: int | None
    keyword: str | None
    label: str
    labels: list[str]
    caption: str | None
    caption_source: str | None
    decision: Decision | None
    reviewed_at: datetime | None
    engine: str | None
    source_page_url: str | None
    creator: str | None
    license: str | None
    license_url: str | None
    attribution: str | None
    license_proof: LicenseProofOut | None
    created_at: datetime
