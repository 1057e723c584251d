"""The month from which the budget of an environment counts."""

from datetime import UTC, datetime

from scripts.azure.az import az_json


def budget_start(group: str, environment: str) -> str:
    """The first day of a month: that of the budget there is, or else of this month.

    Azure makes no budget that begins in the past, and lets none begin at another time than before.
    """
    for budget in az_json("consumption", "budget", "list", "--resource-group", group) or ():
        if budget["name"] == f"budget-pixcrawler-{environment}":
            return str(budget["timePeriod"]["startDate"])[:10]
    return f"{datetime.now(UTC):%Y-%m}-01"
