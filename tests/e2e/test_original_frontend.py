"""What docs/migration-guide.md says of the original frontend's calls is what the app answers."""

import re
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack

GUIDE = Path(__file__).parents[2] / "docs" / "migration-guide.md"
CALLS = re.findall(r"^\| `([A-Z]+) (/\S+)` \| (\d+) \|", GUIDE.read_text(), re.MULTILINE)
# As the frontend sends them; what is not here goes without a body.
BODIES: dict[str, Any] = {
    "POST /projects": {"name": "dogs", "description": ""},
    "PATCH /projects/{project}": {"name": "cats"},
    "POST /projects/{project}/datasets": {"name": "cats", "keywords": ["cat"]},
    "POST /jobs/start": {"datasetId": "1"},
    "PATCH /notifications/{notification}": {"is_read": True},
    "POST /batch/projects/batch-delete": {"ids": [1]},
    "POST /simple-flow/start": {
        "keywords": ["cat"], "max_images": 10, "engines": ["duckduckgo"], "output_name": "cats",
    },
}  # fmt: skip
UNSIGNED = {"POST /simple-flow/start", "POST /tokens/generate"}


@pytest.fixture
def rows(stack: LocalStack, api: Api) -> dict[str, int]:
    """Ids for the calls' paths."""
    project = api.post("projects", {"name": "cats"})
    job = {"project_id": project["id"], "name": "cats", "keywords": ["cat"], "max_images": 500}
    job = api.post("jobs", job)
    with psycopg.connect(stack.info.database_url) as connection:
        notification = connection.execute(
            "INSERT INTO notifications (user_id, type, title, message) "
            "SELECT user_id, 'info', 'Hello', 'World' FROM projects WHERE id = %s RETURNING id",
            (project["id"],),
        ).fetchone()
    assert notification is not None
    return {
        "project": project["id"], "job": job["id"], "dataset": 1, "notification": notification[0],
    }  # fmt: skip


@pytest.mark.parametrize(("method", "path", "status"), CALLS)
def test_a_call_is_answered_as_the_guide_says(
    stack: LocalStack, api: Api, rows: dict[str, int], method: str, path: str, status: str
) -> None:
    call = f"{method} {path}"
    if call == "POST /jobs/{job}/cancel":
        api.post(f"jobs/{rows['job']}/start")
    headers = {"Content-Type": "application/json"}
    if call not in UNSIGNED:
        headers["Authorization"] = api.authorization
    answer = httpx.request(
        method,
        f"{stack.info.api_url}/api/v1{path.format(**rows)}",
        headers=headers,
        json=BODIES.get(call),
        timeout=30,
    )
    assert answer.status_code == int(status), answer.text
    if status == "404":
        assert answer.json()["detail"] == "There is nothing at this address."


def test_the_guide_names_each_call_with_a_body() -> None:
    assert BODIES.keys() | UNSIGNED < {f"{method} {path}" for method, path, _ in CALLS}
