"""Names that running instances call by: Azure lets one that nobody answers to hang its instance.

`names_in_flight.txt` lists what the last release answered to and what has come since. A name goes
from the code, and from the list, one release after the flow stopped calling it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest

from orchestrations.blueprints import ORCHESTRATIONS
from orchestrations.crawl import names as crawl
from orchestrations.exports import names as exports
from orchestrations.uploads import names as uploads
from shared.datasets.run import EXPORT, build_of
from shared.jobs.run import CRAWL, crawl_of
from shared.runs.model import run_of
from shared.uploads.run import UPLOAD, reading_of

LIST = Path(__file__).with_name("names_in_flight.txt")
KINDS = {"activityTrigger": "activity", "orchestrationTrigger": "orchestration"}


def answered(blueprints: Iterable[Any]) -> list[str]:
    """Kind and name of what an app of these answers to."""
    app = df.DFApp()
    for blueprint in blueprints:
        app.register_functions(blueprint)
    triggers = [function.get_trigger() for function in app.get_functions()]
    return sorted(f"{one.type} {getattr(one, KINDS[one.type])}" for one in triggers)


@pytest.fixture(scope="module")
def app() -> list[str]:
    return answered(ORCHESTRATIONS)


def test_names_in_flight_are_answered(app: list[str]) -> None:
    assert app == LIST.read_text().splitlines()


def test_every_name_that_a_flow_may_call_is_among_them(app: list[str]) -> None:
    called = {
        name
        for module in (crawl, exports, uploads)
        for key, name in vars(module).items()
        if key.isupper()
    }
    assert called <= {line.split()[1] for line in app}


def test_runs_are_started_by_the_names_that_are_answered() -> None:
    """Of an instance its own name is in flight too: starting it twice must be harmless."""
    assert (CRAWL.orchestration, EXPORT.orchestration) == (crawl.CRAWL, exports.EXPORT)
    assert UPLOAD.orchestration == uploads.UPLOAD
    assert reading_of(12, 3).instance_id == "upload-12-3"
    run = crawl_of(12, 3)
    assert (run.instance_id, run.order) == ("job-12-3", {"job_id": 12, "attempt": 3})
    build = build_of(12, 3)
    assert (build.instance_id, build.order) == ("export-12-3", {"export_id": 12, "attempt": 3})
    assert run_of(CRAWL, run.instance_id) == run
    assert run_of(EXPORT, build.instance_id) == build
    for other in ("job-12", "job-12-3-4", "export-12-3", "job-x-3", "job-12-3\n"):
        assert run_of(CRAWL, other) is None


def test_a_name_that_is_gone_is_found() -> None:
    assert answered(ORCHESTRATIONS[:1]) != LIST.read_text().splitlines()
