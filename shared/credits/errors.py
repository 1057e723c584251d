"""What can go wrong with credits."""

from shared.platform.errors import AppError, NotFound


class InsufficientCredits(AppError):
    """The account has too few credits"""

    status, code = 402, "insufficient_credits"


class UnknownPackage(NotFound):
    """There is no such credit package"""

    code = "unknown_package"


class PaymentsNotConfigured(AppError):
    """Purchases are not available"""

    status, code = 503, "payments_not_configured"
