"""Uses the earlier product's SDK: ``read_sdk.py BASE_URL KEY PROJECT DATASET ARCHIVE``."""

import json
import sys

import pixcrawler

base_url, key, project_id, dataset_id, archive = sys.argv[1:]


def failure(dataset: str) -> str:
    """What the SDK raises for a dataset."""
    try:
        pixcrawler.dataset(dataset).info()
    except pixcrawler.PixCrawlerError as error:
        return type(error).__name__
    return ""


pixcrawler.auth(token=key, base_url=base_url, project_id=project_id)
project = pixcrawler.project(project_id)
dataset = pixcrawler.dataset(dataset_id).load()
assert pixcrawler.download_dataset(dataset_id, archive) == archive
told = {
    "name": dataset.name,
    "image_count": dataset.image_count,
    "size_mb": dataset.size_mb,
    "length": len(dataset),
    "rows": list(dataset),
    "datasets": project.datasets(page=1, size=10),
    "listed": pixcrawler.list_datasets(page=1, size=10),
    "project": project.info(),
    "missing": failure("2000000000"),
}
pixcrawler.auth(token="pk_live_wrong", base_url=base_url)
sys.stdout.write(json.dumps(told | {"refused": failure(dataset_id)}))
