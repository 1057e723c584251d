"""Row-level security stands when a query's own condition falls.

Every read is made with the owner's id in its conditions, as if these let everything through, but
under the database role of somebody else: what is the owner's must be as what does not exist.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from pydantic import BaseModel

import functions.blueprints
from shared.app.composition import Services
from shared.app.settings import Settings
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.call import Call, Handler
from shared.platform.http.registry import Endpoint, endpoints
from tests.fakes.requests import FakeRequest
from tests.security.callers import Person

READS = sorted(
    name
    for name, e in endpoints.items()
    if e.reads_as_caller and e.in_transaction and e.access != "public"
)
TABLES = {
    "job_id": "crawl_jobs",
    "image_id": "images",
    "project_id": "projects",
    "key_id": "api_keys",
}


def handler_of(name: str) -> Handler:
    modules = [getattr(functions, path.stem) for path in Path(*functions.__path__).glob("*.py")
               if path.stem not in ("__init__", "blueprints")]  # fmt: skip
    (found,) = [getattr(module, name) for module in modules if hasattr(module, name)]
    handler: Handler = found
    return handler


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    made = Services(settings)
    yield made
    await made.database.close()


@pytest.fixture
def people(database_url: str) -> tuple[Person, Person]:
    """Two users with a row in each table."""
    with psycopg.connect(database_url) as connection:
        made = Person(connection), Person(connection)
        connection.execute(
            "UPDATE images SET hash = 'sha256', storage_url = 'jobs/1/images/x.jpeg'"
        )
        connection.execute("UPDATE usage_metrics SET metric_date = now(), api_calls = 1")
        return made


async def read(
    services: Services, endpoint: Endpoint, rows: Person, *, condition: UUID, role: UUID
) -> Any:
    """What the endpoint answers about ``rows`` of a user; None for "there is none"."""
    principal = Principal(condition, permissions=None)
    call = Call(services, "request", FakeRequest(), _principal=principal)
    arguments: dict[str, Any] = {name: rows.rows[TABLES[name]] for name in endpoint.parameters}
    if endpoint.query:
        arguments["query"] = endpoint.query()
    async with services.database.reading(Principal(role).claims) as transaction:
        call._transaction = transaction
        try:
            result = await handler_of(endpoint.name)(call, **arguments)
        except NotFound:
            return None
    body = result if isinstance(result, BaseModel) else (result.body or result.headers)
    return body.model_dump(exclude={"meta"}) if isinstance(body, BaseModel) else body


async def test_what_is_anothers_is_as_what_does_not_exist(
    services: Services, people: tuple[Person, Person]
) -> None:
    owner, other = people
    leaking, blind = [], []
    for name in READS:
        endpoint = endpoints[name]
        own = await read(services, endpoint, owner, condition=owner.id, role=owner.id)
        nothing = await read(services, endpoint, owner, condition=uuid4(), role=other.id)
        found = await read(services, endpoint, owner, condition=owner.id, role=other.id)
        leaking += [name] if found != nothing else []
        blind += [name] if own == nothing else []  # it could not tell a leak
    assert (leaking, blind) == ([], [])
