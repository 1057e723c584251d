"""The crawl of one job: its flow, the activities of its steps, and the names of both."""
