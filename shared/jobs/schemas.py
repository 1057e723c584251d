"""What goes in and out of crawl jobs."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    computed_field,
    field_validator,
    model_validator,
)

from shared.crawl.filters import JobFilters
from shared.crawl.labels import Label, find_problem, fold
from shared.platform.http.pagination import PageQuery
from shared.platform.http.patch import Patch, unchanged
from shared.platform.model import Input, Model, VisibleText, WebAddress

Status = Literal["pending", "running", "completed", "failed", "cancelled"]
Engine = Literal[
    "openverse", "wikimedia", "flickr", "pexels", "pixabay", "unsplash", "google", "duckduckgo",
    "bing", "url_list",
]  # fmt: skip


def _distinct(values: list[str]) -> list[str]:
    """The values in their order; of those that differ only in case or form the first one."""
    first: dict[str, str] = {}
    for value in values:
        first.setdefault(fold(value), value)
    return list(first.values())


def _all_labels(given: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Refuses labels of which one would take the other's place: only blanks tell them apart."""
    categories = validate(given)
    if len(categories) < len(given):
        raise ValueError("labels that differ only in blanks around them")
    return categories


Name = Annotated[VisibleText, StringConstraints(max_length=100)]
Keyword = Annotated[VisibleText, StringConstraints(max_length=100)]


MOST_KEYWORDS = 50
Keywords = Annotated[
    list[Keyword], Field(min_length=1, max_length=MOST_KEYWORDS), AfterValidator(_distinct)
]
MaxImages = Annotated[int, Field(ge=1)]
Categories = Annotated[
    dict[Label, Annotated[list[Keyword], Field(min_length=1), AfterValidator(_distinct)]],
    Field(
        max_length=50,
        description="Which keywords make one class: labels, each with its keywords. A keyword in"
        " no category is its own label.",
        examples=[{"mammal": ["dog", "cat"]}],
    ),
    WrapValidator(_all_labels),
]
CLAMP = (
    "Start for as many images as the balance allows, if those are fewer than `max_images`, rather"
    " than not at all."
)
Engines = Annotated[list[Engine], Field(min_length=1, max_length=10), AfterValidator(_distinct)]


class ListedUrl(Input):
    """One image of a list: its address, and whatever is known about it."""

    url: WebAddress
    keyword: Keyword | None = Field(None, description="Its label; the first keyword if absent.")
    caption: Annotated[str, StringConstraints(max_length=1000)] | None = None
    license: Annotated[str, StringConstraints(max_length=100)] | None = None


class JobContent(Input):
    """Which keywords to crawl, where, and how many images to keep in all."""

    upload_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(
        default=None, description="A list that was uploaded: what the engine `url_list` crawls."
    )
    keywords: Keywords = Field(
        default_factory=list,
        validate_default=True,
        description="Left out: the labels of the upload.",
    )
    max_images: MaxImages = 1000
    engines: Engines = Field(default=["openverse", "wikimedia"])
    filters: JobFilters = JobFilters()
    categories: Categories = Field(default={})
    urls: Annotated[list[ListedUrl], Field(max_length=5000)] = Field(
        default=[], description="What the engine `url_list` crawls."
    )

    @field_validator("keywords", mode="wrap")
    @classmethod
    def _those_of_the_upload(
        cls, given: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        return [] if given == [] and info.data.get("upload_id") else validate(given)

    @field_validator("categories")
    @classmethod
    def _fit_the_keywords(
        cls, categories: dict[str, list[str]], info: ValidationInfo
    ) -> dict[str, list[str]]:
        if not info.data.get("keywords"):  # the list's labels are looked at later
            return categories
        if problem := find_problem(info.data.get("keywords", ()), categories):
            raise ValueError(problem)
        return categories

    @model_validator(mode="after")
    def _lists_what_it_crawls(self) -> Self:
        if self.urls and self.upload_id is not None:
            raise ValueError("a job has urls or an upload_id, not both")
        if bool(self.urls or self.upload_id) != ("url_list" in self.engines):
            raise ValueError("urls, or an upload_id, and the engine url_list go together")
        if unknown := {listed.keyword for listed in self.urls} - {None, *self.keywords}:
            raise ValueError(f"urls: no keyword of the job: {', '.join(sorted(map(str, unknown)))}")
        return self


class JobCreate(JobContent):
    """A new job: what it crawls, its name and its project."""

    project_id: Annotated[int, Field(ge=1, le=2**31 - 1)]
    name: Name
    start: bool = False
    clamp_to_balance: bool = Field(False, description=CLAMP)


class StartOptions(Input):
    """How a job is started."""

    clamp_to_balance: bool = Field(False, description=CLAMP)


class JobUpdate(Patch):
    """Changes of a job: its name at any time, the rest until it was started."""

    name: Name = unchanged()
    keywords: Keywords = unchanged()
    max_images: MaxImages = unchanged()
    engines: Engines = unchanged()
    filters: JobFilters = unchanged()
    categories: Categories = unchanged()


class JobQuery(PageQuery):
    """Which jobs to list."""

    project_id: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    status: Status | None = None


class JobOut(Model):
    """A job. Counts: found = ``total_images``; kept = ``valid_images``.

    ``clamped_to``: so many images its last attempt was started for, because the balance did not
    allow ``max_images``.
    """

    id: int
    project_id: int
    name: str
    keywords: list[str]
    categories: dict[str, list[str]]
    upload_id: int | None
    engines: list[str]
    filters: JobFilters
    max_images: int
    clamped_to: int | None
    status: Status
    progress: int
    total_images: int
    downloaded_images: int
    valid_images: int
    duplicate_images: int
    rejected_images: int
    total_chunks: int
    active_chunks: int
    completed_chunks: int
    failed_chunks: int
    attempt: int
    failure_reason: str | None
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ChunkCounts(Model):
    """The chunks of a job by state."""

    total: int
    active: int
    completed: int
    failed: int


class ProgressOut(Model):
    """How far a job is; ``rate_images_per_s`` and ``eta_seconds`` while it runs."""

    status: Status
    progress: int
    max_images: int
    clamped_to: int | None
    total_images: int
    downloaded_images: int
    valid_images: int
    duplicate_images: int
    rejected_images: int
    chunks: ChunkCounts
    failure_reason: str | None
    started_at: datetime | None
    updated_at: datetime
    attempt: int = Field(exclude=True)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def rate_images_per_s(self) -> float | None:
        """Images kept per second since the start; None in a retry, which did not make them all."""
        if self.started_at is None or self.status != "running" or self.attempt > 1:
            return None
        seconds = (self.updated_at - self.started_at).total_seconds()
        return round(self.valid_images / seconds, 2) if seconds > 0 else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def eta_seconds(self) -> int | None:
        """Seconds until the quota is met at that rate."""
        rate = self.rate_images_per_s
        quota = self.max_images if self.clamped_to is None else self.clamped_to
        return round((quota - self.valid_images) / rate) if rate else None

    @model_validator(mode="before")
    @classmethod
    def _nest_chunks(cls, row: dict[str, Any]) -> dict[str, Any]:
        prefix = "chunks_"
        chunks = {k.removeprefix(prefix): v for k, v in row.items() if k.startswith(prefix)}
        return {k: v for k, v in row.items() if not k.startswith(prefix)} | {"chunks": chunks}


class KeywordStats(Model):
    """What became of one keyword's candidates."""

    keyword: str
    stored: int
    outcomes: dict[str, int]


class StatsOut(Model):
    """What became of all candidates: counts by outcome and keyword.

    What was kept also by engine, licence, format and longest side in pixels.
    """

    outcomes: dict[str, int]
    keywords: list[KeywordStats]
    engines: dict[str, int]
    licenses: dict[str, int]
    formats: dict[str, int]
    sizes: dict[str, int]


class ChunkOut(Model):
    """A part of a job that is downloaded at once; ``attempts`` counts its deliveries."""

    id: int
    number: int
    attempt: int
    status: Literal["pending", "active", "completed", "failed", "cancelled"]
    candidates: int
    stored: int
    duplicates: int
    rejected: int
    attempts: int
    error: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class EventOut(Model):
    """One line of a job's log."""

    id: int
    level: Literal["info", "warning", "error"]
    event: str
    message: str
    data: dict[str, Any]
    created_at: datetime
