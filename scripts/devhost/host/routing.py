"""HTTP routes as the real host matches them: first match in the order of function names."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.functions import Function
from scripts.devhost.host.route_constraints import Check, parse_constraint

_ENCODED_SLASH: Final = re.compile("%2f", re.I)
_PARAMETER: Final = re.compile(r"(\{(?:[^{}]|\{\{|\}\})*\})")


@dataclass(frozen=True)
class Parameter:
    """`{name:constraint=default}`, `{name?}` or `{*name}` of a route."""

    name: str
    checks: tuple[Check, ...]
    default: str | None
    optional: bool
    catch_all: bool


@dataclass(frozen=True)
class Route:
    """A compiled route template with its methods (None: any)."""

    template: str
    pattern: re.Pattern[str]
    parameters: tuple[Parameter, ...]
    methods: frozenset[str] | None

    def match(self, path: str) -> dict[str, str] | None:
        """The route parameters of a decoded path without its outer slashes, or None."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        values: dict[str, str] = {}
        for number, parameter in enumerate(self.parameters):
            value = found[f"p{number}"]
            if not value:
                value = parameter.default
            if value is None:
                continue
            if not all(check(value) for check in parameter.checks):
                return None
            values[parameter.name] = value
        return values


class RouteTable:
    """All HTTP functions, in the order in which the host tries them."""

    def __init__(self, functions: Iterable[Function], prefix: str) -> None:
        self.routes = [(function, compile_route(function, prefix)) for function in functions]

    def find(self, method: str, raw_path: str) -> tuple[Function, dict[str, str]] | None:
        """The function for a request and its route parameters; None is a 404."""
        path = decode_path(raw_path)
        for function, route in self.routes:
            if route.methods is not None and method not in route.methods:
                continue
            values = route.match(path)
            if values is not None:
                return function, values
        return None


def decode_path(raw_path: str) -> str:
    """The path without outer slashes, percent-decoded except for encoded slashes."""
    if "%" in raw_path:
        raw_path = unquote(_ENCODED_SLASH.sub("%252F", raw_path))
    path = raw_path.removeprefix("/")
    return path.removesuffix("/")


def compile_route(function: Function, prefix: str) -> Route:
    """The route of an HTTP function under the app's route prefix."""
    trigger = function.trigger
    template = str(trigger.get("route") or function.name).strip("/")
    whole = f"{prefix}/{template}".strip("/")
    methods = trigger.get("methods")
    allowed = None if not methods else frozenset(str(method).upper() for method in methods)
    try:
        pattern, parameters = _compile(whole)
    except ValueError as error:
        raise HostError(f"Function {function.name}: the route {whole!r} {error}.") from None
    return Route(whole, pattern, parameters, allowed)


def _compile(template: str) -> tuple[re.Pattern[str], tuple[Parameter, ...]]:
    expression = ""
    parameters: list[Parameter] = []
    segments = split_outside_braces(template, "/") if template else []
    for position, segment in enumerate(segments):
        parts = _segment_parts(segment)
        text = ""
        for part in parts:
            if isinstance(part, str):
                text += re.escape(part)
                continue
            text += f"(?P<p{len(parameters)}>{'.*' if part.catch_all else '[^/]+'})"
            parameters.append(part)
        slash = "/" if position else ""
        lone = parts[0] if len(parts) == 1 and isinstance(parts[0], Parameter) else None
        if lone is not None and (lone.optional or lone.catch_all or lone.default is not None):
            _require_last(segments[position + 1 :])
            expression += f"(?:{slash}{text})?"
        else:
            expression += slash + text
    names = [parameter.name.lower() for parameter in parameters]
    if len(set(names)) != len(names):
        raise ValueError("names a parameter twice")
    return re.compile(expression, re.IGNORECASE), tuple(parameters)


def _require_last(following: list[str]) -> None:
    if any(not re.search(r"^\{(\*|.*[?=])", segment) for segment in following):
        raise ValueError("has an optional or catch-all parameter before its end")


def _segment_parts(segment: str) -> list[str | Parameter]:
    if not segment:
        raise ValueError("has an empty segment")
    parts: list[str | Parameter] = []
    for position, text in enumerate(_PARAMETER.split(segment)):
        if position % 2:
            parts.append(_parameter(text[1:-1]))
        elif "{" in text or "}" in text:
            raise ValueError("has unbalanced braces")
        elif text:
            parts.append(text)
    return parts


def _parameter(text: str) -> Parameter:
    catch_all = text.startswith("*")
    text = text.lstrip("*")
    optional = text.endswith("?")
    head, *constraints = split_outside_braces(text.removesuffix("?"), ":")
    default: str | None = None
    if constraints:
        constraints[-1], equals, value = _partition_default(constraints[-1])
    else:
        head, equals, value = head.partition("=")
    if equals:
        default = value
    if not re.fullmatch(r"\w+", head):
        raise ValueError(f"has the invalid parameter name {head!r}")
    checks: list[Callable[[str], bool]] = [parse_constraint(item) for item in constraints]
    return Parameter(head, tuple(checks), default, optional, catch_all)


def _partition_default(constraint: str) -> tuple[str, str, str]:
    end = constraint.rfind(")") + 1
    name, equals, value = constraint[end:].partition("=")
    return constraint[:end] + name, equals, value


def split_outside_braces(text: str, separator: str) -> list[str]:
    """Split where the separator stands outside of braces and parentheses."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "{(") - (character in "})")
        if character == separator and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]
