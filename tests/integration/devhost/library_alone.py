"""What Microsoft's worker library says of apps, asked without any part of our host.

    python library_alone.py < DIRECTORIES

Prints a JSON line for each line: {"refused": message or null, "functions": names}.
"""

import asyncio
import importlib
import importlib.metadata
import json
import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

sys.modules["rpc"] = ModuleType("rpc")
files = importlib.metadata.distribution("azure-functions-runtime-v1")
sys.modules["rpc"].__path__ = [str(files.locate_file("tests/protos"))]
rpc: Any = importlib.import_module("rpc.FunctionRpc_pb2")
nullable: Any = importlib.import_module("rpc.shared.NullableTypes_pb2")
protos = SimpleNamespace(**{**vars(nullable), **vars(rpc)})


async def ask(directory: str) -> dict[str, Any]:
    """The library's verdict on one app; once a process, for its state is global."""
    import azure_functions_runtime as library

    os.chdir(directory)
    sys.path.insert(0, directory)
    init = rpc.WorkerInitRequest(function_app_directory=directory)
    request = SimpleNamespace(
        request=rpc.StreamingMessage(worker_init_request=init), properties={"protos": protos}
    )
    begun = await library.worker_init_request(request)
    if begun.result.status != rpc.StatusResult.Success:
        return {"refused": begun.result.exception.message, "functions": []}
    answer = await library.functions_metadata_request(request)
    return {"refused": None, "functions": [f.name for f in answer.function_metadata_results]}


def main() -> None:
    """Ask about each directory in a child of its own."""
    # Imported once, for all children: what the apps import takes longer than to judge them.
    for module in ("azure.durable_functions", "azure_functions_runtime"):
        importlib.import_module(module)
    for directory in sys.stdin.read().splitlines():
        if not (child := os.fork()):
            sys.stdout.write(json.dumps(asyncio.run(ask(directory))) + "\n")
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
