"""The URLs that a durable client binding hands to user code."""

import json
from typing import Any, Final
from urllib.parse import quote_plus

from scripts.devhost.host.reserved_paths import DURABLE_PATH

_CODE: Final = "code=local"


def instance_url(base: str, instance_id: str) -> str:
    """Where the instance stands, its id escaped as the real extension escapes it."""
    return f"{base}/instances/{quote_plus(instance_id, safe='!*()')}"


def management_urls(base: str, instance_id: str, hub: str) -> dict[str, str]:
    """Where one instance can be queried and steered."""
    instance = instance_url(base, instance_id)
    query = f"taskHub={hub}&connection=Storage&{_CODE}"
    return {
        "id": instance_id,
        "statusQueryGetUri": f"{instance}?{query}",
        "sendEventPostUri": f"{instance}/raiseEvent/{{eventName}}?{query}",
        "terminatePostUri": f"{instance}/terminate?reason={{text}}&{query}",
        "rewindPostUri": f"{instance}/rewind?reason={{text}}&{query}",
        "purgeHistoryDeleteUri": f"{instance}?{query}",
        "restartPostUri": f"{instance}/restart?{query}",
        "suspendPostUri": f"{instance}/suspend?reason={{text}}&{query}",
        "resumePostUri": f"{instance}/resume?reason={{text}}&{query}",
    }


def client_binding(*, public_origin: str, rpc_origin: str, hub: str) -> str:
    """The JSON text that DurableOrchestrationClient is built from."""
    base = public_origin + DURABLE_PATH
    start = f"{base}/orchestrators/{{functionName}}[/{{instanceId}}]"
    wait = "timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}"
    binding: dict[str, Any] = {
        "taskHubName": hub,
        "connectionName": None,
        "creationUrls": {
            "createNewInstancePostUri": f"{start}?{_CODE}",
            "createAndWaitOnNewInstancePostUri": f"{start}?{wait}&{_CODE}",
        },
        "managementUrls": management_urls(base, "INSTANCEID", hub),
        "baseUrl": base,
        "requiredQueryStringParameters": _CODE,
        "rpcBaseUrl": f"{rpc_origin}/durabletask/",
        "httpBaseUrl": None,
    }
    return json.dumps(binding)
