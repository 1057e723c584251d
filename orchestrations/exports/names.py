"""Names in the history of running instances: renaming one breaks what is in flight."""

EXPORT = "export"

BEGIN = "export_begin"
LIST_DUE = "export_list_due"
RESTORE = "export_restore"
BUILD_PART = "export_build_part"
FINISH = "export_finish"
