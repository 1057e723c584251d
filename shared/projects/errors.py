"""What can go wrong with projects."""

from shared.platform.errors import Conflict


class ProjectBusy(Conflict):
    """Jobs of the project are running"""

    code = "project_busy"
