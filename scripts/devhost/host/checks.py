"""What keeps an app, or one of its functions, from running."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.functions import Binding, Function, in_order
from scripts.devhost.host.indexing import find_indexing_error
from scripts.devhost.host.reserved_paths import ROUTE_BEGINNINGS
from scripts.devhost.host.routing import compile_route, fold, route_of

_FUNCTION_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,127}")
_BINDING_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,127}|\$return")
_SUPPORTED: Final = {
    "httpTrigger",
    "http",
    "queueTrigger",
    "queue",
    "timerTrigger",
    "durableClient",
    "orchestrationTrigger",
    "activityTrigger",
}


def find_problems(functions: Sequence[Function], route_prefix: str) -> list[str]:
    """Everything that keeps these functions from being loaded."""
    problems = list(_repeated_names(functions))
    for function in functions:
        problems += [f"Function {function.name}: {text}." for text in _problems_of(function)]
    sound = [f for f in functions if len(f.triggers) == 1 and f.kind == "httpTrigger"]
    problems += _route_problems(sound, route_prefix)
    return problems


def _repeated_names(functions: Sequence[Function]) -> Iterable[str]:
    seen: set[str] = set()
    for function in functions:
        if function.name.lower() in seen:
            yield f"Function {function.name}: another function has the same name."
        seen.add(function.name.lower())


def _problems_of(function: Function) -> Iterable[str]:
    if not _FUNCTION_NAME.fullmatch(function.name) or function.name.lower() == "host":
        yield "the function name is not allowed (letters, digits, _ and -, a letter first)"
    if len(function.triggers) != 1:
        yield f"a function needs exactly one trigger, this one has {len(function.triggers)}"
        return
    for binding in function.bindings:
        yield from _binding_problems(function, binding)


def _binding_problems(function: Function, binding: Binding) -> Iterable[str]:
    name, kind = binding["name"], binding["type"]
    if not _BINDING_NAME.fullmatch(name):
        yield f"the binding name {name!r} is not allowed (letters and digits only)"
    if kind == "entityTrigger":
        yield "durable entities are not offered by the local host"
    elif kind not in _SUPPORTED:
        yield f"the binding type {kind} is not offered by the local host"
    queue = str(binding.get("queueName", ""))
    if "{" in queue:
        yield f"the expression in the queue name {queue!r} is not offered by the local host"


def _route_problems(functions: Sequence[Function], prefix: str) -> Iterable[str]:
    for function in functions:
        try:
            compile_route(function, prefix)
        except HostError as error:
            yield str(error)


def find_functions_in_error(
    functions: Iterable[Function], open_account: Callable[[Binding], object]
) -> dict[str, str]:
    """What the real host says of functions that it leaves out, while the rest runs.

    `open_account` gives the storage account of a queue trigger, or raises IndexingError.
    """
    errors = _find_route_conflicts(in_order(functions))
    for function in functions:
        error = find_indexing_error(function, open_account)
        if error is not None:
            errors[function.name] = error
    return errors


def _find_route_conflicts(functions: Sequence[Function]) -> dict[str, str]:
    conflicts: dict[str, str] = {}
    taken: list[tuple[str, frozenset[str], str]] = []
    for function in functions:
        if function.kind != "httpTrigger":
            continue
        route = fold(route_of(function).strip("/"))
        methods = frozenset(function.trigger.get("methods") or ())
        if route.lower().startswith(ROUTE_BEGINNINGS):
            conflicts[function.name] = (
                "The specified route conflicts with one or more built in routes."
            )
            continue
        for other, other_methods, name in taken:
            if other == route and (not methods or not other_methods or methods & other_methods):
                conflicts[function.name] = (
                    f"The route specified conflicts with the route defined by function '{name}'."
                )
                break
        else:
            taken.append((route, methods, function.name))
    return conflicts
