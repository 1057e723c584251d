"""Queue triggers."""

import azure.durable_functions as df
import azure.functions as func

from shared.jobs import remove
from shared.jobs.remove import CleanupMessage
from shared.notifications import service as notifications
from shared.notifications.schemas import QUEUE, NotificationMessage
from shared.platform.bootstrap import services
from shared.platform.logging import log_context
from shared.platform.tracing import carry_trace

bp = df.Blueprint()


@bp.queue_trigger(arg_name="message", queue_name=QUEUE, connection="AzureWebJobsStorage")
async def deliver_notification(message: func.QueueMessage) -> None:
    """Writes one notification per event and user, however often the message comes."""
    notification = NotificationMessage.model_validate_json(message.get_body())
    user_id = str(notification.user_id)
    with carry_trace(notification.traceparent), log_context(user_id=user_id):
        async with services().database.transaction() as transaction:
            await notifications.deliver(transaction, notification)


@bp.queue_trigger(arg_name="message", queue_name=remove.QUEUE, connection="AzureWebJobsStorage")
async def clean_up_blobs(message: func.QueueMessage) -> None:
    """Deletes the blobs of jobs that are gone."""
    jobs = CleanupMessage.model_validate_json(message.get_body())
    await remove.remove_blobs(services().blobs, jobs)
