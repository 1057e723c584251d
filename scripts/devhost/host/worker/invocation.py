"""Run one user function: build its arguments, call it, encode what it gives back."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import azure.functions as func

from scripts.devhost.host.worker.conversion import (
    OutValue,
    collect_outputs,
    decode_trigger,
    encode_activity,
    encode_http,
)
from scripts.devhost.host.worker.loading import LoadedFunction

current_invocation: Final[contextvars.ContextVar[tuple[str, str]]] = contextvars.ContextVar(
    "current_invocation", default=("", "")
)
_thread_storage: Final = threading.local()


class _NoTrace:
    """The trace of an invocation, empty: the local host does not trace."""

    trace_parent = ""
    trace_state = ""
    attributes: Final[dict[str, str]] = {}


class InvocationContext(func.Context):
    """What a parameter `context: func.Context` is given."""

    def __init__(self, name: str, invocation_id: str) -> None:
        self._name = name
        self._invocation_id = invocation_id

    @property
    def invocation_id(self) -> str:
        """The id that log lines of this invocation carry."""
        return self._invocation_id

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self._name

    @property
    def function_directory(self) -> str:
        """The app's directory."""
        return str(Path.cwd())

    @property
    def thread_local_storage(self) -> Any:
        """Storage by which user threads can say which invocation they work for."""
        return _thread_storage

    @property
    def trace_context(self) -> Any:
        """The trace that the invocation belongs to."""
        return _NoTrace()

    @property
    def retry_context(self) -> Any:
        """None: retry policies are not run locally."""
        return None


class Invoker:
    """Runs functions: async ones on the loop, all others on the thread pool."""

    def __init__(self, functions: dict[str, LoadedFunction], threads: ThreadPoolExecutor) -> None:
        self._functions = functions
        self._threads = threads
        self.durable_client = ""

    async def invoke(self, name: str, invocation_id: str, payload: Any) -> tuple[Any, Any]:
        """The encoded result and the queue messages to send."""
        function = self._functions[name]
        current_invocation.set((name, invocation_id))
        outputs = {binding["name"]: OutValue() for binding in function.named("OUT")}
        arguments: dict[str, Any] = {function.trigger["name"]: decode_trigger(function, payload)}
        arguments.update(outputs)
        for binding in function.named("IN"):
            arguments[binding["name"]] = self.durable_client
        if function.wants_context:
            arguments["context"] = InvocationContext(name, invocation_id)
        result = await self._call(function, arguments)
        return encode_result(function, result), collect_outputs(function, outputs, result)

    async def _call(self, function: LoadedFunction, arguments: dict[str, Any]) -> Any:
        if function.is_async:
            return await function.call(**arguments)
        run: Callable[..., Any] = contextvars.copy_context().run
        call = partial(run, partial(function.call, **arguments))
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def encode_result(function: LoadedFunction, result: Any) -> Any:
    """The result as it travels to the host."""
    kind = function.trigger["type"]
    if kind == "httpTrigger":
        return encode_http(result)
    if kind == "activityTrigger":
        return encode_activity(result)
    if kind == "orchestrationTrigger":
        return str(result)
    if result is not None and function.returns is None:
        raise RuntimeError(
            f"function '{function.name}' without a $return binding returned a non-None value"
        )
    return None
