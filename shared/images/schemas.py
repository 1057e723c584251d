"""What goes out of images."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.platform.http.pagination import PageQuery
from shared.platform.model import Input, Model


class ImageQuery(PageQuery):
    """Which of a job's images to list."""

    keyword: Annotated[str | None, StringConstraints(max_length=100)] = None
    engine: Annotated[str | None, StringConstraints(max_length=50)] = None
    license: Annotated[str | None, StringConstraints(max_length=50)] = None
    format: Annotated[str | None, StringConstraints(max_length=10)] = None
    is_duplicate: bool | None = None


class DownloadQuery(Input):
    """How a browser should treat the file."""

    disposition: Literal["attachment", "inline"] = "attachment"


class ImageOut(Model):
    """An image: what it is, and where it comes from. ``hash`` is the sha256 of its bytes."""

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
    engine: str | None
    source_page_url: str | None
    creator: str | None
    license: str | None
    license_url: str | None
    attribution: str | None
    created_at: datetime
