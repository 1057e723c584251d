"""Timer triggers. Times are UTC."""

import azure.durable_functions as df
import azure.functions as func

from shared.credits import service as credit_service
from shared.jobs import reconcile
from shared.metrics import service as metrics
from shared.platform import bootstrap, idempotency, ratelimit
from shared.platform.durable import OrchestrationClient
from shared.usage import service as usage

bp = df.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule="0 5 * * * *")
async def meter_usage(timer: func.TimerRequest) -> None:
    """Hourly: rolls usage up, including hours that were missed."""
    async with bootstrap.services().database.transaction() as transaction:
        await usage.roll_up(transaction)
        await credit_service.refresh_usage(transaction)


@bp.timer_trigger(arg_name="timer", schedule="0,30 * * * * *")
@bp.durable_client_input(client_name="client")
async def reconcile_jobs(timer: func.TimerRequest, client: OrchestrationClient) -> None:
    """Twice a minute: sends and starts what a crash left unsent and unstarted."""
    app = bootstrap.services()
    await app.outbox.send_overdue(client)
    await reconcile.restart_dead(app.database, client)
    await reconcile.restart_stalled(app.database, client)


@bp.timer_trigger(arg_name="timer", schedule="45 * * * * *", run_on_startup=True)
async def publish_settings(timer: func.TimerRequest) -> None:
    """Every minute: tells the database what its triggers need of the settings."""
    app = bootstrap.services()
    async with app.database.transaction() as transaction:
        await credit_service.publish_signup_bonus(transaction, app.settings)


@bp.timer_trigger(arg_name="timer", schedule="15 * * * * *")
async def watch_queues(timer: func.TimerRequest) -> None:
    """Every minute: tells telemetry how many messages wait, those put aside among them."""
    await metrics.watch_queues(bootstrap.services())


@bp.timer_trigger(arg_name="timer", schedule="0 30 2 * * *")
async def clean_up(timer: func.TimerRequest) -> None:
    """Daily: forgets ended windows of rate limits and answers kept for idempotency keys."""
    async with bootstrap.services().database.transaction() as transaction:
        await ratelimit.delete_expired(transaction)
        await idempotency.delete_expired(transaction)
