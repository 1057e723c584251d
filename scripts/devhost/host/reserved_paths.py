"""The paths that the real host keeps to itself; functions get all others, also below /admin."""

import re
from typing import Final

ROUTE_BEGINNINGS: Final = ("admin", "runtime")  # of routes with which a function is not loaded

_WEBHOOKS: Final = "/runtime/webhooks/"
_WEBHOOK_METHODS: Final = ("GET", "PUT", "POST", "DELETE", "OPTIONS")
DURABLE_PATH: Final = f"{_WEBHOOKS}durabletask"
# As if it were an extension's: only this host has it.
INSTANCES_PATH: Final = f"{_WEBHOOKS}devhost/instances"

_KEYS: Final = "host/(keys|functionkeys|systemkeys)"
_NAMED_KEY: Final = f"functions/[^/]+/keys/[^/]+|{_KEYS}/[^/]+"
_ADMINISTRATION: Final = {
    method: re.compile(f"/admin/({paths})/?", re.IGNORECASE)
    for method, paths in {
        "GET": "functions(/[^/]+(/status|/keys)?)?|host/(status|processes|ping|config|drain/status"
        "|extensions(/jobs(/[^/]+)?)?|extensionBundle/v1/(templates|bindings|resources([.][^/]+)?))"
        f"|instance/(info|http-health)|{_KEYS}|{_NAMED_KEY}",
        "POST": "functions/[^/]+|host/(ping|drain|resume|scale/status|log|debug|synctriggers"
        f"|restart|extensions)|instance/assign|pod/assign|{_NAMED_KEY}",
        "PUT": f"functions/[^/]+|host/(state|extensions)|{_NAMED_KEY}",
        "DELETE": f"functions/[^/]+|host/extensions/[^/]+|{_NAMED_KEY}",
    }.items()
}
_FILES: Final = re.compile(r"/admin/vfs(/.*)?", re.IGNORECASE)


def is_administration(method: str, path: str) -> bool:
    """Whether the host itself is meant."""
    reserved = _ADMINISTRATION.get(method.upper())
    return bool((reserved and reserved.fullmatch(path)) or _FILES.fullmatch(path))


def is_webhook(method: str, path: str) -> bool:
    """Whether an extension is meant, be there one or not."""
    return path.lower().startswith(_WEBHOOKS) and method.upper() in _WEBHOOK_METHODS
