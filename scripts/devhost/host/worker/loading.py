"""Find the app's functions as the real worker does, and check what it would refuse."""

import importlib
import inspect
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import azure.functions as func

_IMPLICIT_RESULT: Final = ("activityTrigger", "orchestrationTrigger", "entityTrigger")


class LoadError(Exception):
    """The app cannot be loaded; the text says why."""


@dataclass(frozen=True)
class LoadedFunction:
    """One function of the app, ready to be called."""

    name: str
    call: Callable[..., Any]
    bindings: tuple[dict[str, Any], ...]
    trigger: dict[str, Any]
    is_async: bool
    wants_context: bool
    plain_trigger_type: type | None

    @property
    def returns(self) -> str | None:
        """The type of the `$return` binding, or None."""
        return next((b["type"] for b in self.bindings if b["name"] == "$return"), None)

    @property
    def has_implicit_result(self) -> bool:
        """Whether the trigger itself takes the returned value."""
        return self.trigger["type"] in _IMPLICIT_RESULT

    def named(self, direction: str) -> list[dict[str, Any]]:
        """The bindings of one direction that are parameters, without the trigger."""
        return [
            b
            for b in self.bindings
            if b["direction"] == direction and b["name"] != "$return" and b is not self.trigger
        ]


def load_functions(app: Path) -> tuple[dict[str, LoadedFunction], list[str]]:
    """Import the app's script once; its functions by name, and the problems found."""
    os.chdir(app)
    sys.path.insert(0, str(app))
    script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
    if not (app / script).exists():
        raise LoadError(f"{script} does not exist in {app}.")
    module = importlib.import_module(Path(script).stem)
    registers = [v for v in vars(module).values() if isinstance(v, func.FunctionRegister)]
    if len(registers) != 1:
        raise LoadError(
            f"{script} must have exactly one function app at its top level, found {len(registers)}."
        )
    functions: dict[str, LoadedFunction] = {}
    problems: list[str] = []
    # get_functions() marks names as used: a second call on the same app raises.
    for function in registers[0].get_functions():
        loaded = _describe(function)
        functions[loaded.name] = loaded
        problems += _binding_problems(loaded)
    return functions, problems


def _describe(function: Any) -> LoadedFunction:
    call = function.get_user_function()
    bindings = tuple(json.loads(text) for text in function.get_raw_bindings())
    trigger_name = function.get_trigger().name
    trigger = next(
        b for b in bindings if b["name"] == trigger_name and b["type"].lower().endswith("trigger")
    )
    parameters = inspect.signature(call).parameters
    annotation = _resolve(call, trigger_name)
    return LoadedFunction(
        name=function.get_function_name(),
        call=call,
        bindings=bindings,
        trigger=trigger,
        is_async=inspect.iscoroutinefunction(call),
        wants_context="context" in parameters and all(b["name"] != "context" for b in bindings),
        plain_trigger_type=annotation if annotation in (str, bytes) else None,
    )


def _resolve(call: Callable[..., Any], parameter: str) -> Any:
    """The parameter's annotation, also when it is written as a string."""
    try:
        return inspect.signature(call, eval_str=True).parameters[parameter].annotation
    except (KeyError, NameError, TypeError):
        return None


def _binding_problems(function: LoadedFunction) -> list[str]:
    parameters = set(inspect.signature(function.call).parameters)
    if function.wants_context:
        parameters.discard("context")
    bound = {b["name"] for b in function.bindings} - {"$return"}
    problems = []
    if missing := sorted(bound - parameters):
        problems.append(
            f"the following parameters are declared in function.json but not in Python: {missing}"
        )
    if extra := sorted(parameters - bound):
        problems.append(
            f"the following parameters are declared in Python but not in function.json: {extra}"
        )
    if inspect.iscoroutinefunction(getattr(function.call, "orchestrator_function", None)):
        problems.append("an orchestrator must be a generator, not an async function")
    client = getattr(function.call, "client_function", None)
    if client is not None and not inspect.iscoroutinefunction(client):
        problems.append("a function with a durable client must be async")
    return [f"Function {function.name}: {problem}." for problem in problems]
