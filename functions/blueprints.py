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
    metrics,
    notifications,
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
        metrics,
        notifications,
        projects,
        queues,
        timers,
        fallback,
    )
]
