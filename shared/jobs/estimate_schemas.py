"""What goes in and out of estimates."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.jobs.schemas import JobContent
from shared.platform.model import Model

Basis = Literal["measured", "extrapolated"]


class EstimateRequest(JobContent):
    """What a job would be made with."""

    project_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        None, description="The job's project; it changes nothing, but has to be the caller's."
    )

    @model_validator(mode="after")
    def _asks_sources(self) -> Self:
        if self.upload_id is not None:
            raise ValueError("an upload says itself how many rows it has: estimate without it")
        return self


class SourceReport(Model):
    """Whether a source has answered, for which keywords, and why not or not for more."""

    engine: str
    status: Literal["answered", "busy", "unavailable", "not_configured"]
    problem: str | None
    asked: list[str]


class LicenseFigure(Model):
    """How many candidates have a licence, and whether the job's filter takes it."""

    license: str
    candidates: int
    allowed: bool


class SearchFigure(Model):
    """What one source has for one keyword.

    ``total`` is what the source said that it has; ``candidates`` what it lets anyone see of that,
    ``at_least`` so many if it did not say. ``basis`` tells whether the source was asked for this
    keyword. ``licenses`` and ``stored``, what of it the caller has stored already, are parts of the
    candidates by ``parts_basis``: measured where all candidates were seen, else extrapolated from
    the first page.
    """

    keyword: str
    engine: str
    candidates: int
    at_least: bool
    basis: Basis
    total: int | None
    licenses: list[LicenseFigure]
    stored: int
    parts_basis: Basis


class Survival(Model):
    """The share of candidates that become images: of the caller's own jobs, or the usual one."""

    share: float
    basis: Literal["your_jobs", "default"]
    jobs: int


class CreditsEstimate(Model):
    """What the job would hold when it starts, and probably cost in the end.

    ``affordable`` is what the balance, and the caller's monthly limit, allow at this moment;
    ``max_images_per_job`` what the tier lets a job ask for.
    """

    hold: int
    cost: int | None
    balance: int
    available: int
    affordable: int
    suffices: bool
    shortfall: int
    max_images_per_job: int


class TimeEstimate(Model):
    """Roughly how long it would take, and what was measured to know that."""

    seconds: int | None
    images_per_second: float
    basis: Literal["your_jobs", "benchmark"]
    note: str = "A rough figure: hosts of pictures differ widely."


class EstimateOut(Model):
    """What a job would find, cost and take.

    ``candidates`` are those that the job's licence filter takes, ``stored`` what of them the caller
    has already; the same address at two sources counts twice. Null is what nothing can be said
    about, because no source has answered.
    """

    sources: list[SourceReport]
    searches: list[SearchFigure]
    candidates: int | None
    at_least: bool
    stored: int | None
    survival: Survival
    expected_images: int | None
    credits: CreditsEstimate
    time: TimeEstimate
