"""Queue triggers."""

import azure.durable_functions as df
import azure.functions as func

from shared.jobs import remove
from shared.jobs.messages import CLEANUP_QUEUE, CleanupMessage
from shared.notifications import service as notifications
from shared.notifications.schemas import QUEUE, NotificationMessage
from shared.platform import bootstrap, logging, tracing

bp = df.Blueprint()


@bp.queue_trigger(arg_name="message", queue_name=QUEUE, connection="AzureWebJobsStorage")
async def deliver_notification(message: func.QueueMessage) -> None:
    """Writes one notification per event and user, however often the message comes."""
    notification = NotificationMessage.model_validate_json(message.get_body())
    user_id = str(notification.user_id)
    trace = tracing.carry_trace(notification.traceparent, "deliver_notification")
    with trace, logging.log_context(user_id=user_id):
        async with bootstrap.services().database.transaction() as transaction:
            await notifications.deliver(transaction, notification)


@bp.queue_trigger(arg_name="message", queue_name=CLEANUP_QUEUE, connection="AzureWebJobsStorage")
async def clean_up_blobs(message: func.QueueMessage) -> None:
    """Deletes the blobs of jobs that are gone."""
    jobs = CleanupMessage.model_validate_json(message.get_body())
    await remove.remove_blobs(bootstrap.services().blobs, jobs)
