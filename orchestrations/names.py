"""Names in the history of running instances: renaming one breaks what is in flight."""

CRAWL = "crawl"

BEGIN = "crawl_begin"
CHECK = "crawl_check"
DISCOVER = "crawl_discover"
CUT = "crawl_cut"
PROCESS_CHUNK = "crawl_process_chunk"
FINISH = "crawl_finish"
