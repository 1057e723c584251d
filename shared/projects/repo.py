"""The table ``projects``."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from shared.platform.data.db import Transaction
from shared.projects.schemas import ProjectOut


async def insert_project(
    transaction: Transaction, user_id: UUID, *, name: str, description: str | None
) -> ProjectOut:
    """The new project."""
    return (
        await transaction.fetch(
            ProjectOut,
            """
        INSERT INTO projects (user_id, name, description)
        VALUES (%(user_id)s, %(name)s, %(description)s)
        RETURNING id, name, description, status, created_at, updated_at
        """,
            {"user_id": user_id, "name": name, "description": description},
        )
    )[0]


async def find_project(
    transaction: Transaction, user_id: UUID, project_id: int
) -> ProjectOut | None:
    """The user's project of that id."""
    return await transaction.fetch_one(
        ProjectOut,
        """
        SELECT id, name, description, status, created_at, updated_at
        FROM projects
        WHERE id = %(project_id)s AND user_id = %(user_id)s AND status <> 'deleted'
        """,
        {"project_id": project_id, "user_id": user_id},
    )


async def list_projects(
    transaction: Transaction, user_id: UUID, *, status: str | None, below: int, limit: int
) -> list[ProjectOut]:
    """Up to ``limit`` projects of the user with ids under ``below``, newest first."""
    return await transaction.fetch(
        ProjectOut,
        """
        SELECT id, name, description, status, created_at, updated_at
        FROM projects
        WHERE user_id = %(user_id)s AND id < %(below)s AND status <> 'deleted'
          AND (%(status)s::text IS NULL OR status = %(status)s)
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {"user_id": user_id, "status": status, "below": below, "limit": limit},
    )


async def update_project(
    transaction: Transaction, user_id: UUID, project_id: int, changes: dict[str, Any]
) -> ProjectOut | None:
    """The user's project with ``changes`` made."""
    return await transaction.fetch_one(
        ProjectOut,
        """
        UPDATE projects AS p SET (name, description, status) = (
          SELECT name, description, status
          FROM jsonb_populate_record(p, %(changes)s::jsonb))
        WHERE id = %(project_id)s AND user_id = %(user_id)s AND status <> 'deleted'
        RETURNING id, name, description, status, created_at, updated_at
        """,
        {"project_id": project_id, "user_id": user_id, "changes": Jsonb(changes)},
    )


async def lock_project(transaction: Transaction, user_id: UUID, project_id: int) -> bool:
    """Whether the user has such a project; until the commit no job is added to it."""
    cursor = await transaction.connection.execute(
        """
        SELECT FROM projects
        WHERE id = %(project_id)s AND user_id = %(user_id)s AND status <> 'deleted'
        FOR UPDATE
        """,
        {"project_id": project_id, "user_id": user_id},
    )
    return await cursor.fetchone() is not None


async def lock_projects(transaction: Transaction, user_id: UUID) -> list[int]:
    """The ids of all projects of the user; until the commit no job is added to them."""
    cursor = await transaction.connection.execute(
        "SELECT id FROM projects WHERE user_id = %(user_id)s ORDER BY id FOR UPDATE",
        {"user_id": user_id},
    )
    return [row["id"] for row in await cursor.fetchall()]


async def delete_project(transaction: Transaction, project_id: int) -> None:
    """Removes the project with its jobs and everything of theirs that is in the database."""
    await transaction.connection.execute(
        "DELETE FROM projects WHERE id = %(project_id)s", {"project_id": project_id}
    )
