"""The steps of an export. Each may run twice and at any time; payloads are ids, never data."""

from typing import NotRequired, TypedDict

import azure.durable_functions as df

from orchestrations.boundary import step
from orchestrations.exports import names
from shared.app import services
from shared.datasets import building
from shared.datasets.run import EXPORT
from shared.runs import service as runs

bp = df.Blueprint()


# A TypedDict, for Azure's worker takes no `dict[str, int]` here: it wants classes.
class ExportOrder(TypedDict):
    """Which attempt of which export; ``part`` is the one to build, ``failure`` why it ends."""

    export_id: int
    attempt: int
    begun: NotRequired[bool]
    part: NotRequired[int]
    failure: NotRequired[str]
    retry: NotRequired[int]
    traceparent: NotRequired[str]


@bp.activity_trigger(input_name="order", activity=names.BEGIN)
@step
async def export_begin(order: ExportOrder) -> bool:
    """Plans the parts, and asks storage for archived images; whether the export is wanted."""
    app = services()
    async with app.database.transaction() as transaction:
        wanted = await building.begin(transaction, order["export_id"], order["attempt"])
    if wanted:
        await app.restorer.begin(order["export_id"], order["attempt"])
    return wanted


@bp.activity_trigger(input_name="order", activity=names.LIST_DUE)
@step
async def export_list_due(order: ExportOrder) -> list[int] | None:
    """The parts to build now; None while the export waits for storage."""
    async with services().database.transaction() as transaction:
        return await building.list_due(transaction, order["export_id"], order["attempt"])


@bp.activity_trigger(input_name="order", activity=names.RESTORE)
@step
async def export_restore(order: ExportOrder) -> int:
    """Asks storage for archived images; in how many seconds to look again, 0 if none is."""
    return await services().restorer.restore(order["export_id"], order["attempt"])


@bp.activity_trigger(input_name="order", activity=names.BUILD_PART)
@step
async def export_build_part(order: ExportOrder) -> bool:
    """Builds a part."""
    app = services()
    await app.exports.build(order["export_id"], order["attempt"], order["part"])
    async with app.database.transaction() as transaction:
        await runs.hear(transaction, EXPORT, order["export_id"])
    return True


@bp.activity_trigger(input_name="order", activity=names.FINISH)
@step
async def export_finish(order: ExportOrder) -> str:
    """Ends the export, unless it has ended."""
    async with services().database.transaction() as transaction:
        return await building.finish(
            transaction, order["export_id"], order["attempt"], failure=order.get("failure")
        )
