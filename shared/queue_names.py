"""The storage queues: Bicep makes them in Azure, the local stack on a developer's machine."""

from typing import Final

NOTIFICATIONS: Final = "notifications"
BLOB_CLEANUP: Final = "blob-cleanup"
QUEUES: Final = (NOTIFICATIONS, BLOB_CLEANUP)
