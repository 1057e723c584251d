"""What a dataset, or a version of it, is made of."""

from typing import Literal

from shared.platform.model import Model


class DuplicatesOut(Model):
    """How many images with ``label`` are the same picture as one with ``other_label``.

    ``near``: it resembles the other. ``exact``: its bytes were there already, and it is in the
    dataset only once.
    """

    kind: Literal["near", "exact"]
    label: str
    other_label: str
    images: int


class ReportOut(Model):
    """What a dataset, or one of its versions, is made of. Counts are of images.

    A dataset as it is now has no ``number``, ``version``, ``hash`` and splits. ``balance`` is what
    the rarest label has of the most frequent one: 1 when all have as many. ``domains`` are the
    hundred most frequent. ``left_out`` is counted by reason. ``duplicates`` are pictures that are
    there twice, within a label and across two; of a version, those that are both in it. ``leaks``
    are images of val and test that resemble an image of another split: there must be none. Of a
    version that images were withdrawn from, all but its splits is told of those that are left.
    """

    dataset_id: int
    name: str
    number: int | None
    version: str | None
    hash: str | None
    images: int
    bytes: int
    splits: dict[str, int]
    labels: dict[str, int]
    split_labels: dict[str, dict[str, int]]
    balance: float | None
    licenses: dict[str, int]
    license_labels: dict[str, dict[str, int]]
    license_urls: dict[str, list[str]]
    sources: dict[str, int]
    formats: dict[str, int]
    domains: dict[str, int]
    sizes: dict[str, dict[str, int]]
    left_out: dict[str, int]
    duplicates: list[DuplicatesOut]
    leaks: int
