"""Rules of projects."""

from shared.activity import service as activity
from shared.platform.db import Transaction
from shared.platform.errors import NotFound
from shared.platform.pagination import Page, PageQuery, make_page
from shared.platform.principal import Principal
from shared.projects import repo
from shared.projects.schemas import ProjectCreate, ProjectOut


async def create_project(
    transaction: Transaction, principal: Principal, project: ProjectCreate
) -> ProjectOut:
    """The new project."""
    created = await repo.insert_project(
        transaction, principal.user_id, name=project.name, description=project.description
    )
    await activity.record(
        transaction, principal.user_id, "project.created", "project", created.id, name=created.name
    )
    return created


async def get_project(
    transaction: Transaction, principal: Principal, project_id: int
) -> ProjectOut:
    """The caller's project.

    Raises:
        NotFound: there is none of that id, or it is somebody else's.
    """
    project = await repo.find_project(transaction, principal.user_id, project_id)
    if project is None:
        raise NotFound("You have no such project.")
    return project


async def list_projects(
    transaction: Transaction, principal: Principal, query: PageQuery
) -> Page[ProjectOut]:
    """A page of the caller's projects, newest first."""
    rows = await repo.list_projects(
        transaction, principal.user_id, below=query.below, limit=query.limit + 1
    )
    return make_page(rows, query, lambda project: project.id)
