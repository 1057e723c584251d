"""The Python SDK of the earlier product, from PyPI, in an environment of its own."""

import json
import zipfile
from pathlib import Path

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from tests.crawling import start_crawl, wait_for_end
from tests.readers import environment


def test_does_all_it_could(stack: LocalStack, api: Api, tmp_path: Path) -> None:
    job_id = start_crawl(api, ("cat",), 12, name="pets")
    assert wait_for_end(api, job_id)["status"] == "completed"
    project_id = api.get(f"jobs/{job_id}")["project_id"]
    asked = {"name": "sdk", "permissions": ["exports", "projects"]}
    key = api.post("api-keys", asked)["key"]
    archive = tmp_path / "pets.zip"
    url = f"{stack.info.api_url}/api/v1"
    said = json.loads(
        environment.read(
            "read_sdk.py", url, key, str(project_id), str(job_id), str(archive), home=tmp_path
        )
    )
    images = list(api.every(f"jobs/{job_id}/images", is_duplicate="false"))
    assert said["name"] == "pets"
    assert said["image_count"] == len(images) == said["length"]
    assert said["size_mb"] > 0
    assert [dataset["id"] for dataset in said["datasets"]] == [job_id]
    assert said["listed"] == said["datasets"]
    assert said["project"]["id"] == project_id
    assert {(row["id"], row["url"], row["label"]) for row in said["rows"]} == {
        (image["id"], image["original_url"], "cat") for image in images
    }
    assert said["missing"] == "NotFoundError"
    assert said["refused"] == "AuthenticationError"
    with zipfile.ZipFile(archive) as opened:
        files = [name for name in opened.namelist() if name.startswith("train/cat/")]
    assert len(files) == len(images)
