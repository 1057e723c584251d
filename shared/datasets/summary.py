"""What is told of a version as a whole."""

from typing import Any

from shared.datasets import content_repo
from shared.datasets.export_repo import Export
from shared.exports.model import Figures, Options, Summary
from shared.platform.data.db import Transaction


async def summarize(transaction: Transaction, export: Export) -> Summary:
    """What the papers of an export say of its version."""
    facts = await content_repo.get_version_facts(transaction, export.version_id)
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
        figures=await figures(transaction, version_id=export.version_id),
    )


async def figures(
    transaction: Transaction, *, version_id: int | None = None, job_id: int | None = None
) -> Figures:
    """What the images of a version, or of a dataset as it is now, are."""
    facets = await content_repo.count_facets(transaction, version_id=version_id, job_id=job_id)
    sizes = _nested(facets, "size")
    return Figures(
        bytes=_counts(facets, "bytes"),
        licenses=_nested(facets, "license"),
        license_urls={name: list(of) for name, of in _nested(facets, "license_url").items()},
        sources=_counts(facets, "source"),
        formats=_counts(facets, "format"),
        domains=_counts(facets, "domain"),
        sizes={
            name: {part: sizes[name][part] for part in ("min", "median", "max")}
            for name in ("width", "height", "bytes")
            if name in sizes
        },
    )


def _counts(facets: list[dict[str, Any]], kind: str) -> dict[str, int]:
    return {row["name"]: int(row["images"]) for row in facets if row["kind"] == kind}


def _nested(facets: list[dict[str, Any]], kind: str) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for row in facets:
        if row["kind"] == kind:
            nested.setdefault(row["name"], {})[row["of"]] = int(row["images"])
    return nested
