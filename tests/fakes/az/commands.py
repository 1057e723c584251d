"""The commands of the Azure CLI that anything of ours uses, with their options.

Every line was read by the parser of azure-cli 2.91.0, save two that extensions bring
(`log-analytics`, `redisenterprise`), which follow their reference. What is not in here, nobody may
use: az would be free to refuse it.
"""

import argparse
from typing import NoReturn

# "--name" is needed, "[--name]" may be given, "--name*" more than once, "[--name?]" has no value.
COMMANDS = {
    "account set": "--subscription",
    "account show": "",
    "ad app create": "--display-name",
    "ad app federated-credential create": "--id --parameters",
    "ad signed-in-user show": "",
    "ad sp create": "--id",
    "bicep install": "[--version]",
    "consumption budget delete": "--resource-group --budget-name",
    "consumption budget list": "--resource-group",
    "deployment group cancel": "--resource-group --name",
    "deployment group create": "--resource-group --name --template-file [--parameters*]",
    "deployment group show": "--resource-group --name",
    "deployment group what-if": "--resource-group --name --template-file --parameters* "
    "[--validation-level]",
    "extension add": "--name [--yes?]",
    "functionapp config appsettings delete": "--resource-group --name --setting-names [--slot]",
    "functionapp config appsettings list": "--resource-group --name",
    "functionapp config appsettings set": "--resource-group --name --settings [--slot]",
    "functionapp deployment slot swap": "--resource-group --name --slot",
    "functionapp deployment source config-zip": "--resource-group --name --src",
    "functionapp list": "--resource-group",
    "functionapp restart": "--resource-group --name [--slot]",
    "functionapp scale config always-ready set": "--resource-group --name --settings",
    "functionapp scale config set": "--resource-group --name [--maximum-instance-count] "
    "[--instance-memory]",
    "functionapp show": "--resource-group --name",
    "group create": "--name --location",
    "group exists": "--name",
    "keyvault recover": "--name",
    "keyvault secret list": "--vault-name",
    "keyvault secret set": "--vault-name --name --file",
    "keyvault secret set-attributes": "--vault-name --name --expires",
    "keyvault secret show": "--vault-name --name",
    "login": "",
    "monitor log-analytics query": "--workspace --analytics-query --timespan",
    "monitor log-analytics workspace list": "--resource-group",
    "monitor log-analytics workspace update": "--resource-group --workspace-name --quota",
    "monitor metrics list": "--resource --resource-group --resource-type --metrics [--interval]",
    "network private-endpoint-connection approve": "--id --description",
    "network private-endpoint-connection list": "--resource-group --name --type",
    "provider register": "--namespace [--wait?]",
    "redisenterprise database list-keys": "--resource-group --cluster-name",
    "redisenterprise list": "--resource-group",
    "role assignment create": "--assignee --role --scope",
    "role definition create": "--role-definition",
    "storage account show": "--resource-group --name",
    "storage blob delete": "--account-name --auth-mode --container-name --name",
    "storage blob download": "--account-name --auth-mode --container-name --name --file "
    "[--no-progress?]",
    "storage blob lease acquire": "--account-name --auth-mode --container-name --blob-name "
    "--lease-duration",
    "storage blob lease break": "--account-name --auth-mode --container-name --blob-name "
    "[--lease-break-period]",
    "storage blob lease release": "--account-name --auth-mode --container-name --blob-name "
    "--lease-id",
    "storage blob lease renew": "--account-name --auth-mode --container-name --blob-name "
    "--lease-id",
    "storage blob list": "--account-name --auth-mode --container-name --num-results [--prefix]",
    "storage blob set-tier": "--account-name --auth-mode --container-name --name --tier "
    "[--rehydrate-priority]",
    "storage blob upload": "--account-name --auth-mode --container-name --name --file "
    "[--overwrite?] [--no-progress?] [--lease-id]",
    "storage message clear": "--account-name --auth-mode --queue-name",
    "storage message peek": "--account-name --auth-mode --queue-name [--num-messages]",
    "storage message put": "--account-name --auth-mode --queue-name --content",
    "webapp deployment source config-zip": "--resource-group --name --src",
}


class Unknown(ValueError):
    """What az does not understand; the message is az's."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Unknown(message)


def command_of(arguments: list[str]) -> str:
    """The command's words.

    Raises:
        Unknown: there is none of that name.
    """
    name = next((c for c in COMMANDS if arguments[: len(c.split())] == c.split()), None)
    if name is None:
        raise Unknown(f"{arguments} is misspelled or not recognized by the system.")
    return name


def parse(arguments: list[str]) -> tuple[str, dict[str, str | bool | list[str] | None]]:
    """The command and its options.

    Raises:
        Unknown: no such command, an unknown option, or one is missing.
    """
    name = command_of(arguments)
    parser = _Parser(prog=f"az {name}", allow_abbrev=False)
    for option in COMMANDS[name].split():
        flag = option.strip("[]*?")
        if "?" in option:
            parser.add_argument(flag, action="store_true")
        else:
            action = "append" if "*" in option else "store"
            parser.add_argument(flag, required=not option.startswith("["), action=action)
    parser.add_argument("--output", choices=("json", "none", "table", "tsv"))
    parser.add_argument("--query")
    return name, vars(parser.parse_args(arguments[len(name.split()) :]))
