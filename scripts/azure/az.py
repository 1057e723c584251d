"""The Azure CLI as these programs use it; the only module that runs it."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

from scripts.azure import OperationError
from scripts.azure.processes import run

# Seconds that a command may take which begins so; then it hangs, or Azure does.
LIMITS: Final[dict[str, float]] = {
    "deployment group create": 30 * 60,
    "deployment group what-if": 10 * 60,
    "functionapp deployment": 20 * 60,
    "storage blob download": 10 * 60,
    "storage blob lease": 60,
    "storage blob upload": 10 * 60,
    "": 3 * 60,
}


def az(*arguments: str) -> str:
    """What ``az`` printed.

    Raises:
        OperationError: it is missing, failed, with what it said, or took too long.
    """
    tool = shutil.which("az")
    if tool is None:
        raise OperationError("The Azure CLI (az) is not installed: https://aka.ms/azure-cli")
    return run([tool, *arguments], seconds=limit(*arguments))


def limit(*arguments: str) -> float:
    """The seconds that a command may take."""
    command = " ".join(arguments)
    return next(seconds for start, seconds in LIMITS.items() if command.startswith(start))


def az_json(*arguments: str) -> Any:
    """The JSON that ``az`` printed; None for nothing.

    Raises:
        OperationError: as ``az``, or that is no JSON. It is not shown, for it may hold a secret.
    """
    text = az(*arguments, "--output", "json")
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        raise OperationError(f"az {' '.join(arguments[:3])} … did not answer in JSON.") from None


def require_login() -> None:
    """Fails early and clearly when nobody is signed in; else says in which subscription."""
    try:
        account = az_json("account", "show")
    except OperationError as error:
        if "az login" not in str(error):
            raise
        raise OperationError("Not signed in to Azure: run az login.") from None
    print(f"Subscription {account['name']} ({account['id']})", flush=True)


def group_exists(group: str) -> bool:
    """Whether the resource group is there."""
    return bool(az_json("group", "exists", "--name", group))


class Container:
    """A blob container, reached with the identity that ``az`` is signed in as."""

    def __init__(self, account: str, name: str) -> None:
        self.where = ("--account-name", account, "--auth-mode", "login", "--container-name", name)

    def names(self) -> list[str]:
        """The names of all its blobs."""
        return [blob["name"] for blob in self._blob("list", "--num-results", "*")]

    def upload(self, path: Path, name: str, *options: str) -> None:
        """Writes a file to a blob; of the options, ``--overwrite`` lets one be there already."""
        self._blob("upload", "--name", name, "--file", str(path), "--no-progress", *options)

    def download(self, name: str, path: Path) -> None:
        """Writes a blob to a file."""
        self._blob("download", "--name", name, "--file", str(path), "--no-progress")

    def delete(self, name: str) -> None:
        """Removes a blob."""
        self._blob("delete", "--name", name)

    def lease(self, verb: str, name: str, *options: str) -> Any:
        """Acquires, renews or releases the lease of a blob."""
        return self._blob("lease", verb, "--blob-name", name, *options)

    def _blob(self, *command: str) -> Any:
        return az_json("storage", "blob", *command, *self.where)


class Vault:
    """A key vault."""

    def __init__(self, name: str) -> None:
        self.name = name

    def secret_names(self) -> set[str]:
        """The secrets it has; their values are not read."""
        secrets = az_json("keyvault", "secret", "list", "--vault-name", self.name)
        return {secret["name"] for secret in secrets}

    def secret(self, name: str) -> str:
        """The value of a secret.

        Raises:
            OperationError: it is empty, begins or ends with a blank or has a line break: no header
                takes it, and whoever refuses it shows it.
        """
        answer = az_json("keyvault", "secret", "show", "--vault-name", self.name, "--name", name)
        value = str(answer["value"])
        if not value or value != value.strip() or not value.isprintable():
            raise OperationError(
                f"The secret {name} in {self.name} is empty, or has a line break or a blank at "
                "an end: set it again without."
            )
        return value
