"""Microsoft's worker library and its messages: are they here, and are they the ones we mean?

On Azure the functions run in `azure-functions-runtime`, and so they do here. Its messages
(FunctionRpc, between host and worker) come with `azure-functions-runtime-v1`, among its tests; they
are imported from there under a name of our own, so that its `tests` is never on the path.
"""

import importlib
import importlib.metadata
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from scripts.devhost.host.errors import HostError

PACKAGES: Final = (
    "azure-functions-runtime",
    "azure-functions-runtime-v1",
    "azurefunctions-extensions-base",
)
_PINS: Final = Path(__file__).resolve().parents[3] / "requirements-dev.txt"
_MEND: Final = "rm -f .venv/.requirements && bash scripts/bootstrap.sh"
_NAMESPACE: Final = "devhost_function_rpc"


def pinned(names: Iterable[str]) -> dict[str, str]:
    """The versions of packages that the project wants; KeyError for one without a pin."""
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", _PINS.read_text(), re.MULTILINE))
    return {name: pins[name] for name in names}


def check() -> None:
    """Raises HostError when a package is missing or of another version than pinned."""
    for name, wanted in pinned(PACKAGES).items():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            raise HostError(f"{name} {wanted} is missing; this installs it: {_MEND}") from None
        if version != wanted:
            raise HostError(f"{name} is {version}, not {wanted}; this mends it: {_MEND}")


def load_messages() -> Any:
    """A namespace with every message class, as the library wants it; HostError if missing."""
    try:
        distribution = importlib.metadata.distribution("azure-functions-runtime-v1")
        package = ModuleType(_NAMESPACE)
        package.__path__ = [str(distribution.locate_file("tests/protos"))]
        sys.modules[_NAMESPACE] = package
        modules = [
            importlib.import_module(f"{_NAMESPACE}.{name}")
            for name in ("shared.NullableTypes_pb2", "FunctionRpc_pb2")
        ]
    except ImportError as error:
        raise HostError(f"{error.name or error} is missing; this mends it: {_MEND}") from None
    return SimpleNamespace(**{name: value for m in modules for name, value in vars(m).items()})
