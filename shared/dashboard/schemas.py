"""What the dashboard shows."""

from shared.platform.model import Model


class DashboardOut(Model):
    """The caller's figures: ``images`` without duplicates, ``storage_bytes`` with them."""

    projects: int
    jobs: int
    active_jobs: int
    images: int
    storage_bytes: int
    credits: int
    credits_reserved: int
    unread_notifications: int
