"""The table ``projects``."""

from uuid import UUID

from psycopg.rows import class_row

from shared.platform.db import Transaction
from shared.projects.schemas import ProjectOut


async def insert_project(
    transaction: Transaction, user_id: UUID, *, name: str, description: str | None
) -> ProjectOut:
    """The new project."""
    async with transaction.connection.cursor(row_factory=class_row(ProjectOut)) as cursor:
        await cursor.execute(
            """
            INSERT INTO projects (user_id, name, description)
            VALUES (%(user_id)s, %(name)s, %(description)s)
            RETURNING id, name, description, status, created_at, updated_at
            """,
            {"user_id": user_id, "name": name, "description": description},
        )
        return (await cursor.fetchall())[0]


async def find_project(
    transaction: Transaction, user_id: UUID, project_id: int
) -> ProjectOut | None:
    """The user's project of that id."""
    async with transaction.connection.cursor(row_factory=class_row(ProjectOut)) as cursor:
        await cursor.execute(
            """
            SELECT id, name, description, status, created_at, updated_at
            FROM projects
            WHERE id = %(project_id)s AND user_id = %(user_id)s AND status <> 'deleted'
            """,
            {"project_id": project_id, "user_id": user_id},
        )
        return await cursor.fetchone()


async def list_projects(
    transaction: Transaction, user_id: UUID, *, below: int, limit: int
) -> list[ProjectOut]:
    """Up to ``limit`` projects of the user with ids under ``below``, newest first."""
    async with transaction.connection.cursor(row_factory=class_row(ProjectOut)) as cursor:
        await cursor.execute(
            """
            SELECT id, name, description, status, created_at, updated_at
            FROM projects
            WHERE user_id = %(user_id)s AND id < %(below)s AND status <> 'deleted'
            ORDER BY id DESC LIMIT %(limit)s
            """,
            {"user_id": user_id, "below": below, "limit": limit},
        )
        return await cursor.fetchall()
