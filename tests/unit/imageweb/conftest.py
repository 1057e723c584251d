"""The image web of the session, in this process."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from scripts.devhost.imageweb.catalogue import Catalogue, load
from scripts.devhost.imageweb.server import application

Client = TestClient[Request, Application]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load()


@pytest_asyncio.fixture
async def client(catalogue: Catalogue) -> AsyncIterator[Client]:
    async with TestClient(TestServer(application(catalogue))) as made:
        yield made
