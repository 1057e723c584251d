"""What goes in and out of datasets and their versions."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, model_validator

from shared.datasets.splits import SPLITS, Split
from shared.platform.http.pagination import Page, PageQuery
from shared.platform.model import Input, Model

Share = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class SplitOptions(Input):
    """How a version is split: parts of any sum, e.g. 80, 10 and 10.

    The same parts and seed keep every image in the split that it had in the version before.
    """

    train: Share = 80
    val: Share = 10
    test: Share = 10
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0

    @model_validator(mode="after")
    def _has_parts(self) -> "SplitOptions":
        if not self.train:
            raise ValueError("train must have a part")
        return self

    @property
    def shares(self) -> dict[Split, float]:
        """The part of each split."""
        return {split: getattr(self, split) for split in SPLITS}


class VersionCreate(Input):
    """What a new version is made of: by default, each image that is no duplicate, all to train."""

    split: SplitOptions | None = None
    include_duplicates: bool = Field(
        False, description="Whether near-duplicates are in it, each in the split of its original."
    )


class VersionOut(Model):
    """A version: an immutable list of images, each with its label and split.

    ``hash`` is one of that list. ``version`` is the semantic version by Croissant's rule: major
    when an image was removed, relabelled or moved to another split, minor when images were added.
    ``left_out`` counts the job's images that are not in it, by reason; ``withdrawn`` those that
    were deleted since.
    """

    dataset_id: int
    number: int
    version: str
    hash: str
    images: int
    splits: dict[str, int]
    labels: dict[str, int]
    left_out: dict[str, int]
    withdrawn: int
    split: SplitOptions | None
    include_duplicates: bool
    created_at: datetime


class DiffQuery(Input):
    """Which version to compare with: by default, the one before."""

    from_: Annotated[int | None, Field(alias="from", ge=1, le=2**31 - 1)] = None


class Change(Model):
    """An image that differs; its label and split in either version, null where it is not there."""

    sha256: str
    image_id: int | None
    label_before: str | None
    label: str | None
    split_before: str | None
    split: str | None


class DiffOut(Model):
    """How a version differs from an earlier one: counts, and the first thousand images."""

    dataset_id: int
    from_number: int
    number: int
    added: int
    removed: int
    relabelled: int
    moved: int
    changes: list[Change]


class DatasetOut(Model):
    """What a job has made. Its id is the job's; ``last_version`` is null when it has none."""

    id: int
    name: str
    project_id: int
    status: str
    total_images: int
    last_version: int | None
    created_at: datetime
    updated_at: datetime


class DatasetDetail(DatasetOut):
    """The dataset with what is in it; ``version`` when one was asked for."""

    size_mb: float
    labels: dict[str, int]
    licenses: dict[str, int]
    version: VersionOut | None = None


class DatasetQuery(PageQuery):
    """Which datasets to list.

    With ``page`` (and ``size``) the list is cut as the earlier product's was, and comes as
    ``items`` too.
    """

    project_id: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    page: Annotated[int | None, Field(ge=1, le=10_000)] = None
    size: Annotated[int, Field(ge=1, le=100)] = 50


class DatasetPage(Page[DatasetOut]):
    """One page of datasets."""

    items: list[DatasetOut] | None = None
