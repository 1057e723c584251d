"""Every blueprint of the orchestrations."""

from orchestrations.crawl import activities as crawl_activities
from orchestrations.crawl import flow as crawl
from orchestrations.exports import activities as export_activities
from orchestrations.exports import flow as export
from orchestrations.uploads import activities as upload_activities
from orchestrations.uploads import flow as upload

ORCHESTRATIONS = [
    module.bp
    for module in (
        crawl,
        crawl_activities,
        export,
        export_activities,
        upload,
        upload_activities,
    )
]
