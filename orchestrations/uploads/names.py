"""Names in the history of running instances: renaming one breaks what is in flight."""

UPLOAD = "upload"

CHECK = "upload_check"
FINISH = "upload_finish"
