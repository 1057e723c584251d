"""Credits."""

import azure.durable_functions as df

from shared.credits import service as credit_service
from shared.credits.errors import PaymentsNotConfigured, UnknownPackage
from shared.credits.schemas import BalanceOut, Purchase
from shared.platform.endpoint import Call, endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "api/v1/credits/balance", returns={200: BalanceOut}, scope="credits:read")
async def get_balance(call: Call) -> BalanceOut:
    """The caller's credits."""
    return await credit_service.get_balance(call.tx, call.principal)


@endpoint(
    bp,
    "POST",
    "api/v1/credits/purchase",
    returns={201: BalanceOut},
    raises=(UnknownPackage, PaymentsNotConfigured),
)
async def purchase_credits(call: Call, body: Purchase) -> BalanceOut:
    """Buy a package of credits; in development it is granted at once."""
    return await credit_service.purchase(
        call.tx, call.principal, call.services.settings, body.package_id
    )
