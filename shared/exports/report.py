"""What a version is made of, in figures."""

from typing import Any

from shared.exports.model import Summary


def report(summary: Summary) -> dict[str, Any]:
    """The report of a version: balance, licences, sources, sizes, and what is not in it."""
    labels = {
        label: sum(of_split.get(label, 0) for of_split in summary.counts.values())
        for label in summary.labels
    }
    return {
        "dataset_id": summary.dataset_id,
        "name": summary.name,
        "number": summary.number,
        "version": summary.version,
        "hash": summary.hash,
        "images": summary.images,
        "splits": summary.splits,
        "labels": labels,
        "split_labels": summary.counts,
        # 1 when all labels have as many images.
        "balance": round(min(labels.values()) / max(labels.values()), 4) if labels else None,
        "licenses": {code: sum(of.values()) for code, of in summary.licenses.items()},
        "license_labels": summary.licenses,
        "license_urls": summary.license_urls,
        "sources": summary.sources,
        "formats": summary.formats,
        "domains": summary.domains,
        "sizes": summary.sizes,
        "left_out": summary.left_out,
    }
