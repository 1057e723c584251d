"""What people bring along: uploaded by themselves, checked here, crawled by their jobs."""
