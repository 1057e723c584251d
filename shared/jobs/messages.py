"""What jobs put on queues."""

from typing import Annotated

from pydantic import Field

from shared.platform.model import Input

CLEANUP_QUEUE = "blob-cleanup"
JOBS_PER_MESSAGE = 100


class CleanupMessage(Input):
    """What the queue ``blob-cleanup`` carries: jobs that are gone, whose blobs must go."""

    traceparent: Annotated[str | None, Field(max_length=128)] = None
    job_ids: Annotated[list[int], Field(min_length=1, max_length=JOBS_PER_MESSAGE)]
