"""Rules of datasets: what a job has made, found by its id or its name."""

from collections.abc import Sequence

from shared.datasets import repo, version_repo
from shared.datasets.schemas import DatasetDetail, DatasetOut, DatasetPage, DatasetQuery
from shared.datasets.version_repo import Version
from shared.datasets.versions import get_version, version_out
from shared.platform.data.db import Transaction
from shared.platform.errors import Invalid, NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import make_page

LARGEST_ID = 2**31 - 1


async def list_datasets(
    transaction: Transaction, principal: Principal, query: DatasetQuery
) -> DatasetPage:
    """A page of what the caller's jobs have made, newest first.

    Raises:
        Invalid: the query's cursor is not one of this list.
    """
    if query.page:
        rows = await repo.list_datasets(
            transaction,
            principal.user_id,
            project_id=query.project_id,
            offset=(query.page - 1) * query.size,
            limit=query.size,
        )
        whole = make_page(rows, query.model_copy(update={"limit": query.size}), _id)
        return DatasetPage(data=rows, meta=whole.meta, items=rows)
    rows = await repo.list_datasets(
        transaction,
        principal.user_id,
        project_id=query.project_id,
        below=query.below,
        limit=query.limit + 1,
    )
    page = make_page(rows, query, _id)
    return DatasetPage(data=page.data, meta=page.meta)


async def get_dataset(
    transaction: Transaction, principal: Principal, reference: str
) -> DatasetDetail:
    """The caller's dataset: ``42`` by its id, ``cats`` by name, ``cats@3`` or ``42@latest`` with a
    version.

    Raises:
        NotFound: the caller has no such dataset, or it no such version.
    """
    found, version = await locate(transaction, principal, reference)
    contents = await repo.count_contents(transaction, found.id)
    labels: dict[str, int] = {}
    licenses: dict[str, int] = {}
    for row in contents:
        labels[row["label"]] = labels.get(row["label"], 0) + row["images"]
        licenses[row["license"]] = licenses.get(row["license"], 0) + row["images"]
    size = sum(row["bytes"] or 0 for row in contents)
    return DatasetDetail(
        **found.model_dump(),
        size_mb=round(size / 1e6, 2),
        labels=labels,
        licenses=licenses,
        version=version_out(version) if version else None,
    )


async def locate(
    transaction: Transaction, principal: Principal, reference: str
) -> tuple[DatasetOut, Version | None]:
    """The caller's dataset, and its version if the reference names one: ``42``, ``cats@3``.

    Raises:
        NotFound: the caller has no such dataset, or it no such version.
    """
    name, named = _parse(reference)
    found = await _find(transaction, principal, name)
    if not named:
        return found, None
    number = await _number(transaction, found.id, named)
    return found, await get_version(transaction, found.id, number)


async def pin_references(
    transaction: Transaction, principal: Principal, references: Sequence[str]
) -> list[str]:
    """What references to the caller's datasets mean now, as ids and numbers: ``42``, ``42@3``.

    Raises:
        Invalid: the caller has no such dataset, or it no such version; the first one is named.
    """
    pinned: dict[str, None] = {}
    for reference in references:
        try:
            found, version = await locate(transaction, principal, reference)
        except NotFound:
            problem = f"you have no such dataset or version: {reference}"
            place = ["body", "filters", "exclude_similar_to"]
            error = {"loc": place, "msg": problem, "type": "value_error"}
            raise Invalid(f"Invalid: {problem}.", errors=[error]) from None
        pinned[f"{found.id}@{version.number}" if version else str(found.id)] = None
    return list(pinned)


def _parse(reference: str) -> tuple[str, str]:
    """The name, and the version if one is named: the name may have an @ of its own."""
    name, _, version = reference.rpartition("@")
    if version == "latest" or (version.isascii() and version.isdigit()):
        return (name, version) if name else (reference, "")
    return reference, ""


async def _find(transaction: Transaction, principal: Principal, name: str) -> DatasetOut:
    """By its id if it is a number, else the newest one of that name."""
    if name.isascii() and name.isdigit():
        number = min(int(name[:11]), LARGEST_ID)
        found = await repo.list_datasets(transaction, principal.user_id, dataset_id=number, limit=1)
    else:
        found = await repo.list_datasets(transaction, principal.user_id, name=name, limit=1)
    if not found:
        raise NotFound("You have no such dataset.")
    return found[0]


async def _number(transaction: Transaction, job_id: int, version: str) -> int:
    if version != "latest":
        return min(int(version[:11]), LARGEST_ID)
    latest = await version_repo.list_versions(transaction, job_id, limit=1)
    if not latest:
        raise NotFound("The dataset has no such version.")
    return latest[0].number


def _id(dataset: DatasetOut) -> int:
    return dataset.id
