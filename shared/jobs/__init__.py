"""Crawl jobs: create, start, stop, retry, finish, and what they report."""
