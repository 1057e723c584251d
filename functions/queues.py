"""Queue triggers."""

import azure.durable_functions as df
import azure.functions as func

from shared.app import services
from shared.jobs import remove
from shared.jobs.messages import CleanupMessage
from shared.notifications import service as notifications
from shared.notifications.schemas import NotificationMessage
from shared.platform.observe import logging, tracing
from shared.queue_names import BLOB_CLEANUP, NOTIFICATIONS

bp = df.Blueprint()


@bp.queue_trigger(arg_name="message", queue_name=NOTIFICATIONS, connection="AzureWebJobsStorage")
async def deliver_notification(message: func.QueueMessage) -> None:
    """Writes one notification per event and user, however often the message comes."""
    notification = NotificationMessage.model_validate_json(message.get_body())
    user_id = str(notification.user_id)
    trace = tracing.carry_trace(notification.traceparent, "deliver_notification")
    with trace, logging.log_context(user_id=user_id):
        async with services().database.transaction() as transaction:
            await notifications.deliver(transaction, notification)


@bp.queue_trigger(arg_name="message", queue_name=BLOB_CLEANUP, connection="AzureWebJobsStorage")
async def clean_up_blobs(message: func.QueueMessage) -> None:
    """Deletes the blobs of jobs that are gone."""
    jobs = CleanupMessage.model_validate_json(message.get_body())
    await remove.remove_blobs(services().blobs, jobs)
