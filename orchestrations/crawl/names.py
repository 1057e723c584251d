"""Names in the history of running instances: renaming one breaks what is in flight."""

CRAWL = "crawl"

BEGIN = "crawl_begin"
ADVANCE = "crawl_advance"
DISCOVER = "crawl_discover"
PROCESS_CHUNK = "crawl_process_chunk"
FINISH = "crawl_finish"
