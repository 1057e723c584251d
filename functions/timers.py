"""Timer triggers. Times are UTC."""

import azure.durable_functions as df
import azure.functions as func

from shared.credits import service as credit_service
from shared.jobs import reconcile
from shared.metrics import service as metrics
from shared.platform import accounts, bootstrap, idempotency, ratelimit
from shared.platform.durable import InstanceClient
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
async def reconcile_jobs(timer: func.TimerRequest, client: InstanceClient) -> None:
    """Twice a minute: sends what a crash left unsent, starts anew what is dead."""
    app = bootstrap.services()
    await app.outbox.send_overdue(client)
    await reconcile.restart_dead(app.database, client)
    await reconcile.restart_quiet(app.database, client)


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
@bp.durable_client_input(client_name="client")
async def clean_up(timer: func.TimerRequest, client: InstanceClient) -> None:
    """Daily: forgets ended windows of rate limits, kept answers, deleted accounts, instances."""
    async with bootstrap.services().database.transaction() as transaction:
        await ratelimit.delete_expired(transaction)
        await idempotency.delete_expired(transaction)
        await accounts.forget_deleted(transaction)
    await reconcile.forget_ended(client)
