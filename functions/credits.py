"""Credits."""

import azure.durable_functions as df

from shared.app.http import Call, endpoint
from shared.credits import service as credit_service
from shared.credits.errors import BalanceFull, PaymentsNotConfigured, UnknownPackage
from shared.credits.schemas import (
    BalanceOut,
    Purchase,
    SettingsUpdate,
    TransactionOut,
    TransactionQuery,
)
from shared.platform.errors import NotFound
from shared.platform.http.pagination import Page
from shared.usage import service as usage
from shared.usage.schemas import UsageOut, UsageQuery

bp = df.Blueprint()


@endpoint(
    bp,
    "GET",
    "api/v1/credits/balance",
    returns={200: BalanceOut},
    scope="credits:read",
    raises=(NotFound,),
)
async def get_balance(call: Call) -> BalanceOut:
    """The caller's credits."""
    return await credit_service.get_balance(call.tx, call.principal)


@endpoint(
    bp,
    "PATCH",
    "api/v1/credits/settings",
    returns={200: BalanceOut},
    raises=(NotFound,),
)
async def update_credit_settings(call: Call, body: SettingsUpdate) -> BalanceOut:
    """Change auto-refill and the monthly limit; a limit that is set refuses what exceeds it."""
    return await credit_service.update_settings(call.tx, call.principal, body)


@endpoint(
    bp,
    "GET",
    "api/v1/credits/transactions",
    returns={200: Page[TransactionOut]},
    scope="credits:read",
)
async def list_transactions(call: Call, query: TransactionQuery) -> Page[TransactionOut]:
    """The caller's ledger, newest first."""
    return await credit_service.list_transactions(call.tx, call.principal, query)


@endpoint(bp, "GET", "api/v1/credits/usage", returns={200: UsageOut}, scope="credits:read")
async def get_usage(call: Call, query: UsageQuery) -> UsageOut:
    """What the caller used day by day, and in all against the limits."""
    return await usage.get_usage(call.tx, call.principal, query)


@endpoint(
    bp,
    "POST",
    "api/v1/credits/purchase",
    returns={201: BalanceOut},
    raises=(UnknownPackage, BalanceFull, PaymentsNotConfigured),
    idempotent=True,
)
async def purchase_credits(call: Call, body: Purchase) -> BalanceOut:
    """Buy a package of credits; in development it is granted at once."""
    return await credit_service.purchase(
        call.tx, call.principal, call.services.settings, body.package_id
    )
