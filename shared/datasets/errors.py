"""What may go wrong with datasets."""

from shared.platform.errors import AppError, Conflict, TooManyRequests


class DatasetEmpty(Conflict):
    """The dataset has no images"""

    code = "dataset_empty"


class DatasetTooLarge(Conflict):
    """The dataset has more images than a version can hold"""

    code = "dataset_too_large"


class VersionWithdrawn(Conflict):
    """Images of the version were deleted"""

    code = "version_withdrawn"


class ExportNotReady(Conflict):
    """The export is not ready"""

    code = "export_not_ready"


class ExportRunning(Conflict):
    """The export is being built"""

    code = "export_running"


class ExportExpired(AppError):
    """The export has expired"""

    status, code = 410, "export_expired"


class TooManyRunningExports(TooManyRequests):
    """Too many exports are being built"""

    code = "too_many_running_exports"
