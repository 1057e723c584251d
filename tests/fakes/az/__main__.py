"""A stand-in for the Azure CLI: knows our commands and their options, records every call.

    FAKE_AZ_STATE=DIRECTORY python -m tests.fakes.az group exists --name NAME

`azure.json` there says what exists; blobs are files; a deployed zip is served by the local host.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.fakes.az import blobs, commands, deployments, resources
from tests.fakes.az.state import Given, config, fail, note

# What is not here changes nothing that anybody would ask for later, and answers with nothing.
PERFORM: dict[str, Callable[[Given], Any]] = {
    "account show": resources.show_account,
    "ad signed-in-user show": resources.show_user,
    "consumption budget list": deployments.budgets,
    "deployment group create": deployments.create,
    "deployment group show": deployments.show,
    "deployment group what-if": deployments.what_if,
    "functionapp config appsettings list": resources.settings,
    "functionapp config appsettings set": resources.set_setting,
    "functionapp deployment slot swap": resources.swap,
    "functionapp deployment source config-zip": resources.config_zip,
    "functionapp list": resources.apps,
    "functionapp show": resources.app,
    "group create": resources.make_group,
    "group exists": resources.group_exists,
    "keyvault recover": resources.recover_vault,
    "keyvault secret list": resources.secrets,
    "keyvault secret set": resources.set_secret,
    "keyvault secret show": resources.secret,
    "login": resources.sign_in,
    "monitor log-analytics query": resources.query,
    "monitor log-analytics workspace list": resources.workspaces,
    "redisenterprise list": resources.caches,
    "storage account show": resources.account,
    "storage blob delete": blobs.delete_blob,
    "storage blob download": blobs.download,
    "storage blob lease acquire": blobs.acquire_lease,
    "storage blob lease break": blobs.break_lease,
    "storage blob lease release": blobs.release_lease,
    "storage blob lease renew": blobs.renew_lease,
    "storage blob list": blobs.list_blobs,
    "storage blob upload": blobs.upload,
}


def main(arguments: list[str]) -> None:
    """Does what the arguments say."""
    try:
        name, given = commands.parse(arguments)
    except commands.Unknown as error:
        fail(str(error), 2)
    note(command=name, arguments=arguments)
    if name != "login" and not config().get("signed_in", True):
        fail("Please run 'az login' to setup account.")
    if name == config().get("hangs"):
        time.sleep(3600)
    answer: Any = PERFORM[name](given) if name in PERFORM else None
    answer = picked(answer, str(given["query"] or ""))
    if answer is not None and given["output"] != "none":
        text = isinstance(answer, str) and given["output"] != "json"
        sys.stdout.write(str(answer) if text else json.dumps(answer))


def picked(answer: Any, path: str) -> Any:
    """What a JMESPath of the kinds `a.b` and `[0].a` leads to; of `[].…` the whole list."""
    for step in re.findall(r"\[\d*\]|\w+", path):
        if step == "[]":
            return answer
        answer = answer[int(step[1:-1])] if step.startswith("[") else answer[step]
    return answer


if __name__ == "__main__":
    main(sys.argv[1:])
