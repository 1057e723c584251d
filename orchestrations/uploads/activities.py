"""The steps of an upload. Each may run twice and at any time; payloads are ids, never data."""

from typing import NotRequired, TypedDict

import azure.durable_functions as df

from orchestrations.boundary import step
from orchestrations.uploads import names
from shared.app import services
from shared.uploads import finish

bp = df.Blueprint()


# A TypedDict, for Azure's worker takes no `dict[str, int]` here: it wants classes.
class UploadOrder(TypedDict):
    """Which attempt of which upload; ``failure`` is why it ends."""

    upload_id: int
    attempt: int
    failure: NotRequired[str]
    retry: NotRequired[int]
    traceparent: NotRequired[str]


@bp.activity_trigger(input_name="order", activity=names.CHECK)
@step
async def upload_check(order: UploadOrder) -> str | None:
    """Reads the file; why it cannot be used, if so."""
    return await services().uploads.check(order["upload_id"], order["attempt"])


@bp.activity_trigger(input_name="order", activity=names.FINISH)
@step
async def upload_finish(order: UploadOrder) -> str:
    """Ends the upload, unless it has ended."""
    async with services().database.transaction() as transaction:
        return await finish.finish(
            transaction, order["upload_id"], order["attempt"], failure=order.get("failure")
        )
