"""The run of a job: its crawl."""

from typing import Final

from shared.runs.model import Kind, Run

CRAWL: Final = Kind("crawl", prefix="job", orchestration="crawl", subject="job_id")


def crawl_of(job_id: int, attempt: int) -> Run:
    """The crawl of a job's attempt."""
    return Run(CRAWL, job_id, attempt)
