"""Programs for people: local stack, demo, crawl, benchmarks."""
