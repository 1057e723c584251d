"""What the real host refuses at load, one sentence for each problem."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.functions import Binding, Function
from scripts.devhost.host.ncrontab import parse_schedule
from scripts.devhost.host.outputs import queue_name
from scripts.devhost.host.routing import compile_route, fold, route_of
from scripts.devhost.host.settings import expand

_FUNCTION_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,127}")
_BINDING_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,127}|\$return")
_QUEUE_NAME: Final = re.compile(r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]")
_RESERVED_ROUTES: Final = ("admin", "runtime")
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
    try:
        if kind in ("queueTrigger", "queue"):
            queue = queue_name(binding, function.name)
            if not _QUEUE_NAME.fullmatch(queue):
                yield f"the queue name {queue!r} is not allowed"
        if kind == "timerTrigger":
            yield from _schedule_problems(function, binding)
    except HostError as error:
        yield str(error).removeprefix(f"Function {function.name}: ").removesuffix(".")


def _schedule_problems(function: Function, binding: Binding) -> Iterable[str]:
    schedule = expand(binding["schedule"], f"Function {function.name}")
    try:
        parse_schedule(schedule)
    except ValueError as error:
        yield f"the schedule {schedule!r} {error}"


def _route_problems(functions: Sequence[Function], prefix: str) -> Iterable[str]:
    for function in functions:
        try:
            compile_route(function, prefix)
        except HostError as error:
            yield str(error)


def find_route_conflicts(functions: Sequence[Function]) -> dict[str, str]:
    """Functions that the real host leaves out because of their route, while the rest runs."""
    conflicts: dict[str, str] = {}
    taken: list[tuple[str, frozenset[str], str]] = []
    for function in functions:
        if function.kind != "httpTrigger":
            continue
        route = fold(route_of(function).strip("/"))
        methods = frozenset(function.trigger.get("methods") or ())
        if route.lower().startswith(_RESERVED_ROUTES):
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
