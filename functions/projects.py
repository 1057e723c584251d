"""Projects."""

import azure.durable_functions as df

from shared.app.http import Call, Reply, endpoint
from shared.platform.errors import NotFound
from shared.platform.http.pagination import Page
from shared.projects import service as projects
from shared.projects.errors import ProjectBusy
from shared.projects.schemas import ProjectCreate, ProjectOut, ProjectQuery, ProjectUpdate

bp = df.Blueprint()


@endpoint(
    bp, "POST", "api/v1/projects", returns={201: ProjectOut}, scope="projects", idempotent=True
)
async def create_project(call: Call, body: ProjectCreate) -> Reply:
    """Create a project."""
    project = await projects.create_project(call.tx, call.principal, body)
    return Reply(project, {"Location": f"/api/v1/projects/{project.id}"})


@endpoint(bp, "GET", "api/v1/projects", returns={200: Page[ProjectOut]}, scope="projects")
async def list_projects(call: Call, query: ProjectQuery) -> Page[ProjectOut]:
    """The caller's projects, newest first."""
    return await projects.list_projects(call.tx, call.principal, query)


@endpoint(
    bp,
    "GET",
    "api/v1/projects/{project_id:int}",
    returns={200: ProjectOut},
    scope="projects",
    raises=(NotFound,),
)
async def get_project(call: Call, project_id: int) -> ProjectOut:
    """One project."""
    return await projects.get_project(call.tx, call.principal, project_id)


@endpoint(
    bp,
    "PATCH",
    "api/v1/projects/{project_id:int}",
    returns={200: ProjectOut},
    scope="projects",
    raises=(NotFound,),
)
async def update_project(call: Call, project_id: int, body: ProjectUpdate) -> ProjectOut:
    """Change a project's name, description or status."""
    return await projects.update_project(call.tx, call.principal, project_id, body)


@endpoint(
    bp,
    "DELETE",
    "api/v1/projects/{project_id:int}",
    returns={204: None},
    scope="projects",
    raises=(NotFound, ProjectBusy),
)
async def delete_project(call: Call, project_id: int) -> None:
    """Delete a project with its jobs and images."""
    await projects.delete_project(call.tx, call.principal, project_id)
