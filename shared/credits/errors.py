"""What can go wrong with credits."""

from shared.platform.errors import AppError, Conflict, NotFound


class InsufficientCredits(AppError):
    """The account has too few credits"""

    status, code = 402, "insufficient_credits"


class MonthlyLimitReached(AppError):
    """The monthly limit you set is reached"""

    status, code = 402, "monthly_limit_reached"


class BalanceFull(Conflict):
    """The account cannot hold so many credits"""

    code = "balance_full"


class UnknownPackage(NotFound):
    """There is no such credit package"""

    code = "unknown_package"


class PaymentsNotConfigured(AppError):
    """Purchases are not available"""

    status, code = 503, "payments_not_configured"
