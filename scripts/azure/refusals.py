"""What to do when Azure refuses a deployment, in one sentence more than Azure says."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from scripts.azure import OperationError

# What Azure says, as an expression, and the answer, which may use a group of it.
ADVICE: Final = (
    (
        r"Start date of budgets cannot be updated",
        "There is a budget that begins in another month, and whoever is signed in does not see it. "
        "Deploy with a role that reads Microsoft.Consumption/budgets, or let it be made anew: "
        "az consumption budget delete --resource-group {group} "
        "--budget-name budget-pixcrawler-{environment}",
    ),
    (
        r"[Ss]tart date .+ should not be prior to current month",
        "The budget would begin in the past: is the clock of this machine right?",
    ),
    (
        r"previous deployment from .+ is still active|deployment group create … did not end",
        "Another deployment provisions, or one that was interrupted here goes on in Azure. Wait "
        "for it, or end it, then deploy again: az deployment group cancel --resource-group {group} "
        "--name pixcrawler",
    ),
    (
        r"\((Site\..+?)\) for Flex Consumption sites is invalid",
        "Give {0} to the plan premium only: infra/modules/functionapp.bicep.",
    ),
    (
        r"MaximumInstanceCount is invalid",
        "Set maximumInstances in infra/{environment}.bicepparam to what the platform allows.",
    ),
    (
        r"vault with the same name already exists in deleted state",
        "A deleted vault keeps its name and its secrets for 90 days. Bring it back, then deploy "
        "again: az keyvault recover --name {vault}",
    ),
    (
        r"The (?:storage account named|vault name) '?([\w-]+)'? is already",
        "{0} belongs to somebody else, and no two in all of Azure have one name. The names come "
        "from that of the resource group: deploy to another one, and give its name as "
        "PIXCRAWLER_RESOURCE_GROUP.",
    ),
)


def advice(said: str, *, group: str, environment: str) -> str:
    """What to do about a refusal; empty when it is not a known one."""
    vault = re.search(r"\bkv-px-\w+", said)
    for words, what in ADVICE:
        if found := re.search(words, said):
            return what.format(
                *found.groups(), group=group, environment=environment,
                vault=vault[0] if vault else "VAULT",
            )  # fmt: skip
    return ""


@contextmanager
def explained(group: str, environment: str) -> Iterator[None]:
    """Adds to the error of a refused deployment what to do.

    Raises:
        OperationError: that one.
    """
    try:
        yield
    except OperationError as error:
        what = advice(str(error), group=group, environment=environment)
        if not what:
            raise
        raise OperationError(f"{error}\n{what}") from None
