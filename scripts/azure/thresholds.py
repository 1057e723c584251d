"""What a deployment is measured by, and when it is given up for the one before."""

from enum import IntEnum
from typing import Final

P95_TARGET_MS: Final = 200.0
P95_ROLLBACK_MS: Final = 1000.0
ERRORS_TARGET: Final = 0.01
ERRORS_ROLLBACK: Final = 0.05


class Verdict(IntEnum):
    """How a measurement came out; the value is an exit code."""

    WITHIN = 0
    OUTSIDE = 1
    ROLL_BACK = 3


def of_errors(share: float) -> Verdict:
    """What a share of failed requests, 0 to 1, means."""
    if share > ERRORS_ROLLBACK:
        return Verdict.ROLL_BACK
    return Verdict.WITHIN if share < ERRORS_TARGET else Verdict.OUTSIDE


def of_p95(milliseconds: float) -> Verdict:
    """What the time within which 95 of 100 requests are answered means."""
    if milliseconds > P95_ROLLBACK_MS:
        return Verdict.ROLL_BACK
    return Verdict.WITHIN if milliseconds < P95_TARGET_MS else Verdict.OUTSIDE
