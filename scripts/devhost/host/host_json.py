"""host.json with the application settings that override it, judged as the real host judges it."""

import difflib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.host_options import LOG_LEVELS, OPEN, OPTIONS, Option
from scripts.devhost.host.log import get_log

_STRING_OR_COMMENT: Final = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.S)
_STRING_OR_LAST_COMMA: Final = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[}\]])', re.S)
_OVERRIDE: Final = "azurefunctionsjobhost__"
_PATHS: Final = {path.lower(): path for path in (*OPTIONS, *OPEN)}
_HELP: Final = "See https://aka.ms/functions-hostjson for"


class HostJson:
    """The settings by path, such as `extensions/http/routePrefix`, in whatever case."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        self._values: dict[str, Any] = {}
        for path, value in _leaves(content):
            known = _PATHS.get(path.lower())
            if known in OPTIONS:
                self._values[known] = _convert(known, OPTIONS[known], _as_text(value))
            elif path.lower().startswith("logging/") and "/loglevel/" in path.lower():
                _check_log_level(_as_text(value))

    def get(self, path: str, default: Any) -> Any:
        """The converted value of a known setting."""
        return self._values.get(path, default)

    def section(self, path: str) -> dict[str, str]:
        """The values below an open path, by name."""
        place: Any = self._content
        for name in path.split("/"):
            place = place.get(_named(place, name)) if isinstance(place, Mapping) else None
        if isinstance(place, list):
            place = {str(number): item for number, item in enumerate(place)}
        return {k: _as_text(v) for k, v in place.items()} if isinstance(place, Mapping) else {}


def read_host_json(path: Path) -> HostJson:
    """The file with what the environment overrides; HostError in the real host's words."""
    content = read_json(path)
    if content:
        _check_version(content.get("version"))
    override(content, os.environ)
    log = get_log("host.json")
    for unknown in _unknown(content):
        log.warning("%s", unknown)
    return HostJson(content)


def read_json(path: Path) -> dict[str, Any]:
    """The object that a file holds; comments and a comma behind the last item are legal."""
    if not path.exists():
        return {}
    try:
        text = _STRING_OR_COMMENT.sub(
            lambda match: match[0] if match[0].startswith('"') else " ", path.read_text("utf-8-sig")
        )
        content = json.loads(
            _STRING_OR_LAST_COMMA.sub(lambda match: match[0].removeprefix(","), text)
        )
    except (OSError, ValueError, RecursionError) as error:
        raise HostError(f"Unable to parse host configuration file '{path}'. {error}.") from None
    if not isinstance(content, dict):
        raise HostError(f"Unable to parse host configuration file '{path}'. It holds no object.")
    return content


def override(content: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Put `AzureFunctionsJobHost__a__b=value` in the place of a.b, in whatever case."""
    for name, text in environment.items():
        if not name.lower().startswith(_OVERRIDE):
            continue
        *sections, key = name[len(_OVERRIDE) :].split("__")
        place = content
        for section in sections:
            section = _named(place, section)
            if not isinstance(place.get(section), dict):
                place[section] = {}
            place = place[section]
        place[_named(place, key)] = text


def _named(place: Mapping[str, Any], name: str) -> str:
    return next((known for known in place if known.lower() == name.lower()), name)


def _leaves(content: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        path = f"{above}{name}"
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}/")
        elif not isinstance(value, list):
            yield path, value


def _as_text(value: Any) -> str:
    """The value as .NET's configuration keeps it."""
    return "" if value is None else str(value)


def _convert(path: str, option: Option, text: str) -> Any:
    try:
        value = option.kind.parse(text)
    except ValueError:
        raise HostError(
            f"host.json: Failed to convert configuration value '{text}' at "
            f"'AzureFunctionsJobHost:{_dotnet_path(path)}' to type '{option.kind.full_name}'. "
            f"{text} is not a valid value for {option.kind.name}."
        ) from None
    check(path, value)
    return value


def check(path: str, value: Any) -> None:
    """Raises HostError where the real host refuses the value of a setting."""
    option = OPTIONS[path]
    if not option.holds(value):
        raise HostError(f"host.json, {path}: {option.words.format(value=value)}")


def _dotnet_path(path: str) -> str:
    names = [name[:1].upper() + name[1:] for name in path.split("/")]
    return ":".join(["extensions", *names[1:]] if names[0] == "Extensions" else names)


def _check_version(version: Any) -> None:
    text = _as_text(version)
    if not text:
        raise HostError(
            "The host.json file is missing the required 'version' property. "
            f"{_HELP} steps to migrate the configuration file."
        )
    if text != "2.0":
        hint = (
            "This does not correspond to the function runtime version, only to the schema version "
            "of the host.json file. "
        )
        raise HostError(
            f"'{text}' is an invalid value for host.json 'version' property. We recommend you set "
            f"the 'version' property to '2.0'. {hint if text.startswith('3') else ''}"
            f"{_HELP} more information on this configuration file."
        )


def _check_log_level(text: str) -> None:
    is_number = text.strip().removeprefix("-").isdecimal()
    if not is_number and text.strip().lower() not in [level.lower() for level in LOG_LEVELS]:
        raise HostError(f"host.json: Configuration value '{text}' is not supported.")


def _unknown(content: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """One sentence for each key that the real host ignores."""
    for name, value in content.items():
        path = f"{above}{name}"
        lower = path.lower()
        if lower in _PATHS:
            continue
        if isinstance(value, Mapping) and any(known.startswith(f"{lower}/") for known in _PATHS):
            yield from _unknown(value, f"{path}/")
            continue
        right = _nearest(above, name)
        advice = f" Is {right} meant?" if right else ""
        yield f"{path} is no setting of the Functions host, which ignores it.{advice}"


def _nearest(above: str, name: str) -> str | None:
    """The known path that a misspelt name stands for, if there is one."""
    depth = above.count("/")
    beside = {
        path.split("/")[depth].lower(): "/".join(path.split("/")[: depth + 1])
        for lower, path in _PATHS.items()
        if lower.startswith(above.lower())
    }
    close = difflib.get_close_matches(name.lower(), beside, 1, 0.75)
    if close:
        return beside[close[0]]
    elsewhere = [
        "/".join(parts[: parts_lower.index(name.lower()) + 1])
        for lower, path in _PATHS.items()
        for parts, parts_lower in [(path.split("/"), lower.split("/"))]
        if name.lower() in parts_lower
    ]
    return elsewhere[0] if elsewhere else None
