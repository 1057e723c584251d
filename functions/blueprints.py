"""Every blueprint of the triggers."""

from functions import (
    activity,
    admin,
    api_keys,
    auth,
    crawl_jobs,
    credits,
    dashboard,
    datasets,
    docs,
    exports,
    fallback,
    health,
    images,
    jobs,
    metrics,
    notifications,
    projects,
    queues,
    timers,
    uploads,
)

BLUEPRINTS = [
    module.bp
    for module in (
        activity,
        admin,
        api_keys,
        auth,
        crawl_jobs,
        credits,
        dashboard,
        datasets,
        docs,
        exports,
        health,
        images,
        jobs,
        metrics,
        notifications,
        projects,
        queues,
        timers,
        uploads,
        fallback,
    )
]
