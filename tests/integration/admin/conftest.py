"""An administrator for the tests."""

import pytest

from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from tests.integration.admin.decisions import make_admin


@pytest.fixture
async def boss(database: Database) -> Principal:
    return await make_admin(database)
