"""Reports of datasets and of their versions."""

from typing import Any

from shared.datasets import repo, report_repo, service, version_repo
from shared.datasets.report_schemas import ReportOut
from shared.datasets.summary import figures
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
        return await report_version(transaction, version, found.name)
    counted = await figures(transaction, job_id=found.id)
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
    transaction: Transaction, version: version_repo.Version, name: str
) -> ReportOut:
    """The report of a version of the dataset of that name: the same at any time."""
    counted = await figures(transaction, version_id=version.id)
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
    labels: dict[str, int] = {}
    for of_license in counted.licenses.values():
        for label, images in of_license.items():
            labels[label] = labels.get(label, 0) + images
    return {
        "images": sum(labels.values()),
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


async def _count_leaks(transaction: Transaction, version: version_repo.Version) -> int:
    if len(version.counts) < 2:
        return 0
    places = await report_repo.list_places(transaction, version.id)
    asked = [image for image, split in places.items() if split != "train"]
    pairs = await repo.list_near(transaction, version.job_id, asked, bits=LEAK_BITS)
    return len({one for one, other in pairs if places.get(other, places[one]) != places[one]})
