"""Timer triggers. Times are UTC."""

import azure.durable_functions as df
import azure.functions as func

from shared.app import services
from shared.credits import service as credit_service
from shared.datasets import export_files
from shared.platform import idempotency, ratelimit
from shared.platform.data import outbox
from shared.platform.durable import InstanceClient
from shared.platform.http.auth import accounts
from shared.runs import service as runs
from shared.uploads import service as uploads
from shared.usage import service as usage

bp = df.Blueprint()

EXPIRED_AT_ONCE = 10_000


@bp.timer_trigger(arg_name="timer", schedule="0 5 * * * *")
async def meter_usage(timer: func.TimerRequest) -> None:
    """Hourly: rolls usage up, including hours that were missed."""
    async with services().database.transaction() as transaction:
        await usage.roll_up(transaction)
        await credit_service.refresh_usage(transaction)


@bp.timer_trigger(arg_name="timer", schedule="0,30 * * * * *")
@bp.durable_client_input(client_name="client")
async def reconcile_jobs(timer: func.TimerRequest, client: InstanceClient) -> None:
    """Twice a minute: sends what a crash left unsent, starts anew what is dead."""
    app = services()
    await app.outbox.send_overdue(client)
    await app.reconciler.restart_dead(client)
    await app.reconciler.restart_quiet(client)


@bp.timer_trigger(arg_name="timer", schedule="45 * * * * *")
async def publish_settings(timer: func.TimerRequest) -> None:
    """Every minute: tells the database what its triggers need of the settings."""
    app = services()
    async with app.database.transaction() as transaction:
        await credit_service.publish_signup_bonus(transaction, app.settings)


@bp.timer_trigger(arg_name="timer", schedule="15 * * * * *")
async def watch(timer: func.TimerRequest) -> None:
    """Every minute: tells telemetry what alerts look at, e.g. how many messages wait."""
    await services().metrics.watch()


@bp.timer_trigger(arg_name="timer", schedule="0 30 2 * * *")
@bp.durable_client_input(client_name="client")
async def clean_up(timer: func.TimerRequest, client: InstanceClient) -> None:
    """Daily: forgets ended windows of rate limits, kept answers, deleted accounts, side effects,
    exports whose time is over, and uploads that nobody has completed."""
    app = services()
    async with app.database.transaction() as transaction:
        await ratelimit.delete_expired(transaction)
        await idempotency.delete_expired(transaction)
        await accounts.forget_deleted(transaction)
        await outbox.delete_sent(transaction)
        await runs.delete_ended(transaction)
        await export_files.expire_exports(transaction, limit=EXPIRED_AT_ONCE)
        await uploads.forget_unfinished(transaction)
    await uploads.sweep(app.database, app.blobs)
    await app.reconciler.forget_ended(client)
