"""The crawl of one job: discover, cut into chunks, process, settle; all state in PostgreSQL."""
