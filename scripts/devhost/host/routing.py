"""HTTP routes as the real host matches them: first match in the order of function names."""

from collections.abc import Iterable
from dataclasses import dataclass

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.functions import Function
from scripts.devhost.host.route_constraints import Check, ConstraintError, parse_constraint
from scripts.devhost.host.route_templates import (
    Parameter,
    Segment,
    TemplateError,
    parse_template,
)

Values = dict[str, str]


@dataclass(frozen=True)
class Route:
    """A compiled route template with its methods (None: any)."""

    template: str
    segments: tuple[Segment, ...]  # without the catch-all
    catch_all: Parameter | None
    literals: tuple[tuple[int, str], ...]  # the segments that are one literal, without case
    checks: tuple[tuple[Parameter, tuple[Check, ...]], ...]
    methods: frozenset[str] | None

    def match(self, path: str, pieces: list[str], folded: list[str]) -> Values | None:
        """The route parameters of a path whose pieces are given, or None."""
        count = len(pieces)
        for position, literal in self.literals:
            if position >= count or folded[position] != literal:
                return None
        if count > len(self.segments) and self.catch_all is None:
            return None
        values: Values = {}
        for position, segment in enumerate(self.segments):
            if position >= count:
                if not _match_nothing(segment, values):
                    return None
            elif not _match_piece(segment, pieces[position], values):
                return None
        rest = self.catch_all
        if rest is not None and not _match_rest(rest, path, pieces, len(self.segments), values):
            return None
        return values if self._holds(values) else None

    def _holds(self, values: Values) -> bool:
        for parameter, checks in self.checks:
            value = values.get(parameter.name)
            if value is None and parameter.is_optional:
                continue
            if value is None or not all(check(value) for check in checks):
                return False
        return True


class RouteTable:
    """All HTTP functions, in the order in which the host tries them."""

    def __init__(self, functions: Iterable[Function], prefix: str) -> None:
        self.routes = [(function, compile_route(function, prefix)) for function in functions]

    def find(self, method: str, path: str) -> tuple[Function, Values] | None:
        """The function for a request and its route parameters; None is a 404."""
        path = path.removeprefix("/")
        pieces = path.removesuffix("/").split("/") if path else []
        folded = [fold(piece) for piece in pieces]
        method = method.upper()
        for function, route in self.routes:
            if route.methods is not None and method not in route.methods:
                continue
            values = route.match(path, pieces, folded)
            if values is not None:
                return function, values
        return None


def compile_route(function: Function, prefix: str) -> Route:
    """The route of an HTTP function under the app's route prefix."""
    template = route_of(function)
    if prefix:
        template = f"{prefix}/{template}"
    methods = function.trigger.get("methods")
    allowed = None if not methods else frozenset(str(method).upper() for method in methods)
    try:
        segments = parse_template(template)
    except TemplateError as error:
        raise HostError(f"Error indexing method 'Functions.{function.name}'. {error}") from None
    checks = [
        (part, _resolve(function.name, template, part))
        for segment in segments
        for part in segment
        if isinstance(part, Parameter) and part.constraints
    ]
    last = segments[-1][0] if segments else ""
    catch_all = last if isinstance(last, Parameter) and last.is_catch_all else None
    fixed = segments[:-1] if catch_all else segments
    literals = tuple(
        (position, fold(segment[0]))
        for position, segment in enumerate(fixed)
        if len(segment) == 1 and isinstance(segment[0], str)
    )
    return Route(template, fixed, catch_all, literals, tuple(checks), allowed)


def route_of(function: Function) -> str:
    """The template that the function declares, else its name."""
    declared = str(function.trigger.get("route") or "")
    return declared if declared.strip() else function.name


def fold(text: str) -> str:
    """The text as .NET's OrdinalIgnoreCase compares it: letter by letter in upper case."""
    if text.isascii():
        return text.upper()
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def _resolve(name: str, template: str, parameter: Parameter) -> tuple[Check, ...]:
    refused = (
        f"An error occurred while creating the route with name '{name}' and template '{template}'."
    )
    checks = []
    for text in parameter.constraints:
        try:
            check = parse_constraint(text)
        except ConstraintError as error:
            raise HostError(f"{refused} {error}") from None
        if check is None:
            raise HostError(
                f"{refused} The constraint entry '{parameter.name}' - '{text}' on the route "
                f"'{template}' could not be resolved by the constraint resolver of type "
                "'DefaultInlineConstraintResolver'."
            )
        checks.append(check)
    return tuple(checks)


def _match_piece(segment: Segment, piece: str, values: Values) -> bool:
    """Give the segment's parameters their values; a lone literal has been compared before."""
    part = segment[0]
    if not piece:
        return False
    if len(segment) > 1:
        return _match_parts(segment, piece, values)
    if isinstance(part, Parameter):
        values[part.name] = piece
    return True


def _match_nothing(segment: Segment, values: Values) -> bool:
    """Whether the path may end before the segment."""
    part = segment[0]
    if len(segment) > 1 or isinstance(part, str):
        return False
    if part.default is not None:
        values[part.name] = part.default
    return part.is_optional or part.default is not None


def _match_rest(
    parameter: Parameter, path: str, pieces: list[str], start: int, values: Values
) -> bool:
    """Give a catch-all what follows; the first piece of it must not be empty."""
    if len(pieces) > start and not pieces[start]:
        return False
    rest = path.split("/", start)[start] if len(pieces) > start else parameter.default
    if rest:
        values[parameter.name] = rest
    return True


def _match_parts(segment: Segment, piece: str, values: Values) -> bool:
    """Match a segment of literals and parameters, from its right end as ASP.NET Core does."""
    last = segment[-1]
    if isinstance(last, Parameter) and last.is_optional:
        if _match_from_right(segment, piece, values):
            return True
        return not piece.endswith(".") and _match_from_right(segment[:-2], piece, values)
    return _match_from_right(segment, piece, values)


def _match_from_right(segment: Segment, piece: str, values: Values) -> bool:
    folded, end = fold(piece), len(piece)
    pending: Parameter | None = None
    found: Values = {}
    for part in reversed(segment):
        if isinstance(part, Parameter):
            pending = part
            continue
        start = folded.rfind(fold(part), 0, max(0, end - (pending is not None)))
        if start < 0 or (pending is None and start + len(part) != end):
            return False
        if pending is not None:
            found[pending.name] = piece[start + len(part) : end]
        pending, end = None, start
    if pending is not None and end:
        found[pending.name] = piece[:end]
        end = 0
    if end or (pending is not None and pending.name not in found):
        return False
    values.update(found)
    return True
