"""What can go wrong with uploads."""

from shared.platform.errors import Conflict, TooManyRequests


class UploadNotPending(Conflict):
    """The upload could not be used; make a new one"""

    code = "upload_not_pending"


class UploadNotReady(Conflict):
    """The upload was not read yet, or cannot be"""

    code = "upload_not_ready"


class UploadInUse(Conflict):
    """A job still needs the upload"""

    code = "upload_in_use"


class TooManyUploads(Conflict):
    """You have too many uploads"""

    code = "too_many_uploads"


class TooManyRunningUploads(TooManyRequests):
    """Too many of your uploads are being read"""

    code = "too_many_running_uploads"
