"""Every blueprint of the triggers."""

from functions import (
    api_keys,
    auth,
    crawl_jobs,
    credits,
    docs,
    fallback,
    health,
    images,
    jobs,
    projects,
    queues,
    timers,
)

BLUEPRINTS = [
    module.bp
    for module in (
        api_keys,
        auth,
        crawl_jobs,
        credits,
        docs,
        health,
        images,
        jobs,
        projects,
        queues,
        timers,
        fallback,
    )
]
