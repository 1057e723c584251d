"""What the dashboard shows."""

from shared.platform.model import Model


class DashboardOut(Model):
    """The caller's figures: ``images`` without duplicates, ``storage_bytes`` with them.

    From ``total_projects`` on under the older names: datasets are jobs that hold images, and the
    processing speed is that of the last minute.
    """

    projects: int
    jobs: int
    active_jobs: int
    images: int
    storage_bytes: int
    credits: int
    credits_reserved: int
    unread_notifications: int
    total_projects: int
    total_datasets: int
    total_images: int
    credits_remaining: int
    storage_used: str
    processing_speed: str
