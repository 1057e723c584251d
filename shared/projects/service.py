"""Rules of projects."""

from uuid import UUID

from shared.activity import service as activity
from shared.jobs import remove
from shared.jobs import service as jobs
from shared.platform.data import outbox
from shared.platform.data.db import Transaction
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import Page, make_page
from shared.projects import repo
from shared.projects.errors import ProjectBusy
from shared.projects.schemas import ProjectCreate, ProjectOut, ProjectQuery, ProjectUpdate


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
    transaction: Transaction, principal: Principal, query: ProjectQuery
) -> Page[ProjectOut]:
    """A page of the caller's projects, newest first.

    Raises:
        Invalid: the query's cursor is not one of this list.
    """
    rows = await repo.list_projects(
        transaction,
        principal.user_id,
        status=query.status,
        below=query.below,
        limit=query.limit + 1,
    )
    return make_page(rows, query, lambda project: project.id)


async def update_project(
    transaction: Transaction, principal: Principal, project_id: int, update: ProjectUpdate
) -> ProjectOut:
    """The caller's project with the changes made.

    Raises:
        NotFound: the caller has no such project.
    """
    changes = update.changes()
    project = await repo.update_project(transaction, principal.user_id, project_id, changes)
    if project is None:
        raise NotFound("You have no such project.")
    await activity.record(
        transaction, principal.user_id, "project.updated", "project", project_id, **changes
    )
    return project


async def delete_project(transaction: Transaction, principal: Principal, project_id: int) -> None:
    """Removes the project with its jobs and images at once; their blobs follow after the commit.

    Raises:
        NotFound: the caller has no such project.
        ProjectBusy: jobs of it are running.
    """
    if not await repo.lock_project(transaction, principal.user_id, project_id):
        raise NotFound("You have no such project.")
    if running := await remove.count_running(transaction, project_id):
        raise ProjectBusy(f"{running} of its jobs are running; stop them first.")
    await repo.delete_project(transaction, project_id)
    await outbox.add_triggered(transaction)
    await activity.record(transaction, principal.user_id, "project.deleted", "project", project_id)


async def delete_all(transaction: Transaction, user_id: UUID) -> None:
    """Stops the jobs of a user and removes all projects, as `delete_project` does."""
    project_ids = await repo.lock_projects(transaction, user_id)
    await jobs.stop_all(transaction, user_id)
    for project_id in project_ids:
        await repo.delete_project(transaction, project_id)
    await outbox.add_triggered(transaction)
