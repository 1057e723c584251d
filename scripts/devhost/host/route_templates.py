"""Route templates as ASP.NET Core parses them, with its words for those that it refuses."""

import re
from dataclasses import dataclass
from typing import Final

_BRACE: Final = re.compile(r"\{\{|\}\}|\{|\}")
_NAME_END: Final = re.compile(r"[:=]")

_MISMATCHED: Final = (
    "There is an incomplete parameter in the route template. "
    "Check that each '{' character has a matching '}' character."
)
_UNESCAPED: Final = "In a route parameter, '{' and '}' must be escaped with '{{' and '}}'."
_CONSECUTIVE_SLASHES: Final = (
    "The route template separator character '/' cannot appear consecutively. "
    "It must be separated by either a parameter or a literal value."
)
_CONSECUTIVE_PARAMETERS: Final = (
    "A path segment cannot contain two consecutive parameters. "
    "They must be separated by a '/' or by a literal string."
)
_CATCH_ALL_IN_THE_MIDDLE: Final = (
    "A catch-all parameter can only appear as the last segment of the route template."
)
_CATCH_ALL_WITH_OTHERS: Final = (
    "A path segment that contains more than one section, such as a literal section or a "
    "parameter, cannot contain a catch-all parameter."
)
_TILDE: Final = "The route template cannot start with a '~' character unless followed by a '/'."


class TemplateError(ValueError):
    """A template that does not parse; the text is ASP.NET Core's."""


@dataclass(frozen=True)
class Parameter:
    """`{name:constraint=default}`, `{name?}` or `{*name}`."""

    name: str
    constraints: tuple[str, ...]
    default: str | None
    is_optional: bool
    is_catch_all: bool
    text: str


Part = str | Parameter
Segment = tuple[Part, ...]


def parse_template(template: str) -> tuple[Segment, ...]:
    """The segments of a template; TemplateError where ASP.NET Core refuses it."""
    if template.startswith("~") and not template.startswith("~/"):
        raise TemplateError(_TILDE)
    rest = template.removeprefix("~/") if template.startswith("~/") else template.removeprefix("/")
    texts = _split(rest)
    if texts and not texts[-1]:
        texts.pop()  # one slash may end the template
    if not all(texts):
        raise TemplateError(_CONSECUTIVE_SLASHES)
    segments = tuple(_parse_segment(text) for text in texts)
    parameters = [part for segment in segments for part in segment if isinstance(part, Parameter)]
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.name.lower() in seen:
            raise TemplateError(
                f"The route parameter name '{parameter.name}' appears more than one time in the "
                "route template."
            )
        seen.add(parameter.name.lower())
    if any(parameter.is_catch_all for parameter in parameters[:-1]) or any(
        isinstance(segment[0], Parameter) and segment[0].is_catch_all for segment in segments[:-1]
    ):
        raise TemplateError(_CATCH_ALL_IN_THE_MIDDLE)
    return segments


def _split(template: str) -> list[str]:
    """The texts between the slashes, of which those inside of parameters do not count."""
    texts, start, inside, position = [], 0, False, 0
    while position < len(template):
        brace = _BRACE.match(template, position)
        if brace is not None and len(brace[0]) == 1:
            if inside and brace[0] == "{":
                raise TemplateError(_UNESCAPED)
            inside = brace[0] == "{"
        elif template[position] == "/" and not inside:
            texts.append(template[start:position])
            start = position + 1
        position = brace.end() if brace else position + 1
    if inside:
        raise TemplateError(_MISMATCHED)
    return [*texts, template[start:]]


def _parse_segment(text: str) -> Segment:
    parts: list[Part] = []
    position = start = 0
    while position < len(text):
        brace = _BRACE.match(text, position)
        if brace is None or len(brace[0]) == 2:
            position = brace.end() if brace else position + 1
            continue
        if brace[0] == "}":
            raise TemplateError(_MISMATCHED)
        if position > start:
            parts.append(_literal(text[start:position]))
        start = position = _parameter_end(text, position)
        parts.append(_parse_parameter(text[brace.end() : position - 1]))
    if position > start:
        parts.append(_literal(text[start:]))
    _check_segment(parts)
    return tuple(parts)


def _parameter_end(text: str, start: int) -> int:
    position = start + 1
    while (brace := _BRACE.search(text, position)) is not None:
        if brace[0] == "}":
            return brace.end()
        position = brace.end()
    raise TemplateError(_MISMATCHED)


def _literal(text: str) -> str:
    literal = _unescape(text)
    if "?" in literal:
        raise TemplateError(
            f"The literal section '{literal}' is invalid. "
            "Literal sections cannot contain the '?' character."
        )
    return literal


def _unescape(text: str) -> str:
    return text.replace("}}", "}").replace("{{", "{")


def _parse_parameter(text: str) -> Parameter:
    inside = _unescape(text)
    stars = 2 if inside.startswith("**") else int(inside.startswith("*"))
    is_optional = inside.endswith("?")
    if stars and is_optional:
        raise TemplateError("A catch-all parameter cannot be marked optional.")
    body = inside[stars:].removesuffix("?")
    end = _NAME_END.search(body, 1)
    name = body if end is None else body[: end.start()]
    constraints, default = _parse_constraints("" if end is None else body[end.start() :])
    if is_optional and default is not None:
        raise TemplateError("An optional parameter cannot have default value.")
    if not name or any(character in "/{}?*" for character in name):
        raise TemplateError(
            f"The route parameter name '{name}' is invalid. Route parameter names must be "
            "non-empty and cannot contain these characters: '{', '}', '/'. The '?' character "
            "marks a parameter as optional, and can occur only at the end of the parameter. The "
            "'*' character marks a parameter as catch-all, and can occur only at the start of the "
            "parameter."
        )
    return Parameter(name, constraints, default, is_optional, bool(stars), "{" + inside + "}")


def _parse_constraints(text: str) -> tuple[tuple[str, ...], str | None]:
    """`:int:min(1)=5` as its constraints and its default."""
    constraints: list[str] = []
    while text.startswith(":"):
        end = _constraint_end(text)
        if end > 1:
            constraints.append(text[1:end])
        text = text[end:]
    return tuple(constraints), text[1:] if text.startswith("=") else None


def _constraint_end(text: str) -> int:
    """Where the constraint ends that begins behind the colon of the text."""
    position, opening = 1, False
    while position < len(text):
        character = text[position]
        if character == "(":
            opening = True
        elif character == ")" and opening and text[position + 1 : position + 2] in ("", ":", "="):
            return position + 1
        elif character in ":=":
            closing = text.find(")", position + 1) if opening else -1
            if closing < 0:
                return position
            position = closing - 1
        position += 1
    return position


def _check_segment(parts: list[Part]) -> None:
    if len(parts) < 2:
        return
    shown = "".join(part if isinstance(part, str) else part.text for part in parts)
    for position, part in enumerate(parts):
        if not isinstance(part, Parameter):
            continue
        if part.is_catch_all:
            raise TemplateError(_CATCH_ALL_WITH_OTHERS)
        if part.is_optional:
            _check_optional(part, parts, position, shown)
        if position and isinstance(parts[position - 1], Parameter):
            raise TemplateError(_CONSECUTIVE_PARAMETERS)


def _check_optional(part: Parameter, parts: list[Part], position: int, shown: str) -> None:
    if position < len(parts) - 1:
        after = parts[position + 1]
        raise TemplateError(
            f"An optional parameter must be at the end of the segment. In the segment '{shown}', "
            f"optional parameter '{part.name}' is followed by "
            f"'{after if isinstance(after, str) else after.text}'."
        )
    before = parts[position - 1]
    if before != ".":
        raise TemplateError(
            f"In the segment '{shown}', the optional parameter '{part.name}' is preceded by an "
            f"invalid segment '{before if isinstance(before, str) else before.text}'. "
            "Only a period (.) can precede an optional parameter."
        )
