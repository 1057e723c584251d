"""What jobs put on queues."""

from typing import Annotated

from pydantic import Field

from shared.platform.data.queue_message import QueueMessage

JOBS_PER_MESSAGE = 100


class CleanupMessage(QueueMessage):
    """What the queue ``blob-cleanup`` carries: jobs that are gone, whose blobs must go."""

    job_ids: Annotated[list[int], Field(min_length=1, max_length=JOBS_PER_MESSAGE)]
