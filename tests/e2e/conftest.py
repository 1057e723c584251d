"""A whole stack: the function app on the local host, with everything it stands on."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.crawl.api import Api
from scripts.devhost.imageweb.catalogue import Catalogue, load
from scripts.devhost.stack import LocalStack
from tests.crawling import signed_in
from tests.measuring import measured_workers


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Iterator[LocalStack]:
    """The stack that all end-to-end tests share."""
    with tempfile.TemporaryDirectory(prefix="pixcrawler-e2e-") as directory:
        Path(directory).chmod(0o755)
        with LocalStack(
            Path(directory),
            host_options=("--strict-sizes",),
            environment={
                "DATABASE_MAX_OVERFLOW": "45",  # 50 requests at once wait for one lock
                "STORAGE_ARCHIVE_AFTER_DAYS": "1",  # so that storage is asked about every image
                **measured_workers(pytestconfig, Path(directory)),
            },
        ) as running:
            yield running


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """What the image web offers."""
    return load()


@pytest.fixture
def api(stack: LocalStack) -> Iterator[Api]:
    """The API as a user with credits."""
    with signed_in(stack) as client:
        yield client
