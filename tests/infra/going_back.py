"""Builds that were deployed before, for tests that go back to them."""

import json
import zipfile
from typing import Any

from scripts.azure.build import PACKAGES
from scripts.azure.builds import HISTORY
from tests.infra.cloud import Cloud

OLD, GOOD, BAD = "a" * 40, "b" * 40, "c" * 40


def keep_builds(cloud: Cloud) -> None:
    """Two builds served, a third is kept; all of them are next to nothing."""
    cloud.builds.mkdir(parents=True)
    for commit in (OLD, GOOD, BAD):
        with zipfile.ZipFile(cloud.builds / f"{commit}.zip", "w") as package:
            package.writestr("build.json", json.dumps({"commit": commit}))
            package.writestr(f"{PACKAGES}/none", "")
    remember(cloud, commits=[OLD, GOOD])
    with cloud.changed() as azure:
        azure["unpacked"] = str(cloud.state)


def remember(cloud: Cloud, **told: Any) -> None:
    """Has this be what is remembered of deployments."""
    (cloud.builds / HISTORY).write_text(json.dumps(told))


def history(cloud: Cloud) -> dict[str, Any]:
    """What is remembered of deployments, save who made them."""
    told = dict(json.loads((cloud.builds / HISTORY).read_text()))
    told.pop("holder")
    return told
