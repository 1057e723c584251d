"""What is told of a version as a whole."""

from typing import Any

from shared.datasets import content_repo
from shared.datasets.export_repo import Export
from shared.exports.model import Options, Summary
from shared.platform.data.db import Transaction


async def summarize(transaction: Transaction, export: Export) -> Summary:
    """What the papers of an export say of its version."""
    facts = await content_repo.get_version_facts(transaction, export.version_id)
    facets = await content_repo.count_facets(transaction, export.version_id)
    sizes = await content_repo.measure(transaction, export.version_id)
    licenses: dict[str, dict[str, int]] = {}
    urls: dict[str, list[str]] = {}
    for row in facets:
        if row["kind"] == "license":
            licenses.setdefault(row["name"], {})[row["of"]] = row["images"]
        elif row["kind"] == "license_url":
            urls.setdefault(row["name"], []).append(row["of"])
    return Summary(
        dataset_id=facts.job_id,
        name=Options.from_json(export.options).name,
        number=facts.number,
        version=facts.semantic_version,
        hash=facts.hash,
        created_at=facts.created_at,
        keywords=facts.keywords,
        counts=facts.counts,
        left_out=facts.left_out,
        licenses=licenses,
        license_urls=urls,
        sources=_counts(facets, "source"),
        formats=_counts(facets, "format"),
        domains=_counts(facets, "domain"),
        bytes=_counts(facets, "bytes"),
        sizes=sizes,
    )


def _counts(facets: list[dict[str, Any]], kind: str) -> dict[str, int]:
    return {row["name"]: int(row["images"]) for row in facets if row["kind"] == kind}
