"""Reports of datasets and of their versions."""

from collections import Counter
from typing import Any

from shared.datasets import draft_repo, report_repo, service
from shared.datasets.report_schemas import ReportOut
from shared.datasets.summary import count_figures
from shared.datasets.version_repo import Version
from shared.datasets.versions import LEAK_BITS
from shared.exports.model import Figures
from shared.platform.data.db import Transaction
from shared.platform.http.auth.principal import Principal


async def get_report(transaction: Transaction, principal: Principal, reference: str) -> ReportOut:
    """The report of the caller's dataset (``42``, ``cats``), or of a version (``cats@3``).

    Raises:
        NotFound: the caller has no such dataset, or it no such version.
    """
    found, version = await service.locate(transaction, principal, reference)
    if version:
        counted = await count_figures(transaction, version_id=version.id)
        return await report_version(transaction, version, found.name, counted)
    counted = await count_figures(transaction, job_id=found.id)
    return ReportOut(
        dataset_id=found.id,
        name=found.name,
        number=None,
        version=None,
        hash=None,
        splits={},
        split_labels={},
        left_out=await report_repo.count_left_out(transaction, found.id),
        duplicates=await report_repo.count_duplicates(transaction, found.id),
        leaks=0,
        **_figures(counted),
    )


async def report_version(
    transaction: Transaction, version: Version, name: str, counted: Figures
) -> ReportOut:
    """The report of a version, whose figures are counted already, of the dataset of that name."""
    return ReportOut(
        dataset_id=version.job_id,
        name=name,
        number=version.number,
        version=version.semantic_version,
        hash=version.hash,
        splits={split: sum(of_split.values()) for split, of_split in version.counts.items()},
        split_labels=version.counts,
        left_out=version.left_out,
        duplicates=await report_repo.count_near(transaction, version.id),
        leaks=await _count_leaks(transaction, version),
        **_figures(counted),
    )


def _figures(counted: Figures) -> dict[str, Any]:
    labels = Counter[str]()
    for of_label in counted.licenses.values():
        labels.update(of_label)
    return {
        "images": labels.total(),
        "bytes": sum(counted.bytes.values()),
        "labels": dict(sorted(labels.items())),
        "balance": round(min(labels.values()) / max(labels.values()), 4) if labels else None,
        "licenses": counted.of_license,
        "license_labels": counted.licenses,
        "license_urls": counted.license_urls,
        "sources": counted.sources,
        "formats": counted.formats,
        "domains": counted.domains,
        "sizes": counted.sizes,
    }


async def _count_leaks(transaction: Transaction, version: Version) -> int:
    if len(version.counts) < 2:
        return 0
    await draft_repo.load(transaction, version.job_id, version.id)
    pairs = await draft_repo.list_near(transaction, bits=LEAK_BITS, across=True)
    return len({one for one, _ in pairs})
