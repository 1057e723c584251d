"""A database of the test's own, as the app opens it, with users and jobs in it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, LiteralString
from uuid import uuid4

import pytest
from azure.storage.blob import ContainerClient

from scripts.devhost.stack import LocalStack
from shared.app.composition import Services
from shared.app.settings import Settings
from shared.credits import service as credit_service
from shared.credits.tiers import Tier
from shared.jobs import service as jobs
from shared.jobs.schemas import JobCreate, JobOut
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from shared.projects import service as projects
from shared.projects.schemas import ProjectCreate

MakeJob = Callable[..., Awaitable[JobOut]]


@pytest.fixture
def settings(stack_services: LocalStack, database_url: str) -> Settings:
    """The app's settings on the test's database."""
    info = stack_services.info
    return Settings.model_validate(
        {
            "database_url": database_url,
            "supabase_url": info.supabase_url,
            "supabase_anon_key": info.supabase_anon_key,
            "supabase_service_role_key": info.supabase_service_role_key,
            "azure_storage_connection_string": info.storage_connection_string,
            "api_key_pepper": "pepper",
            "signup_bonus_credits": 100,
        }
    )


@pytest.fixture
def storage(stack_services: LocalStack, settings: Settings) -> Iterator[Settings]:
    """The settings with a container of the test's own: each database numbers its jobs from one."""
    name = f"test-{uuid4().hex}"
    connection = stack_services.info.storage_connection_string
    with ContainerClient.from_connection_string(connection, name) as container:
        container.create_container()
        yield settings.model_copy(update={"storage_azure_container_name": name})
        container.delete_container()


@pytest.fixture
async def services(storage: Settings) -> AsyncIterator[Services]:
    """What a process of the app has, on the test's database and container."""
    opened = Services(storage)
    yield opened
    await opened.close()


@pytest.fixture
async def blobs(storage: Settings) -> AsyncIterator[BlobStore]:
    """The test's container, as the app opens it."""
    opened = BlobStore(storage)
    yield opened
    await opened.close()


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The test's database, migrated and otherwise empty."""
    opened = Database(settings)
    async with opened.transaction() as transaction:
        await credit_service.publish_signup_bonus(transaction, settings)
    yield opened
    await opened.close()


@pytest.fixture
async def owner(database: Database) -> Principal:
    """A user with the signup bonus of 100 credits."""
    return await make_user(database)


async def make_user(database: Database) -> Principal:
    """A new user, made as Supabase Auth makes one."""
    principal = Principal(uuid4())
    async with database.transaction() as transaction:
        await transaction.connection.execute("RESET ROLE")
        await transaction.connection.execute(
            "INSERT INTO auth.users (id, email) VALUES (%(id)s, %(email)s)",
            {"id": principal.user_id, "email": f"{principal.user_id}@example.com"},
        )
    return principal


async def give_tier(database: Database, user: Principal, tier: Tier) -> None:
    """Makes the user's account one of the tier."""
    async with database.transaction() as transaction:
        await credit_service.set_tier(transaction, user.user_id, tier)


@pytest.fixture
def make_job(database: Database, owner: Principal) -> MakeJob:
    """Makes a job of the owner's: ``await make_job(max_images=10, start=True)``."""

    async def make(*, of: Principal = owner, **fields: object) -> JobOut:
        async with database.transaction() as transaction:
            project = await projects.create_project(transaction, of, ProjectCreate(name="p"))
            job = JobCreate.model_validate(
                {"project_id": project.id, "name": "cats", "keywords": ["cat"], "max_images": 10}
                | fields
            )
            return await jobs.create_job(transaction, of, job)

    return make


async def rows(database: Database, query: LiteralString, **values: object) -> list[dict[str, Any]]:
    """What ``query`` finds, past all row-level security."""
    async with database.transaction() as transaction:
        cursor = await transaction.connection.execute(query, values)
        return await cursor.fetchall()
