"""The function app's product code: domains above, crawl in the middle, platform below."""
