"""Where in the app lies what the worker library refuses."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_FRAME: Final = re.compile(r'^ *File "(?P<file>.+)", line (?P<line>\d+)', re.MULTILINE)
_FUNCTION: Final = re.compile(r"cannot load the (?P<name>\S+) function:")
_SKIPPED: Final = ("__pycache__", "node_modules", "tests")


def refusal(app: Path, message: str, stack_trace: str) -> str:
    """One sentence: the library's words, and the place in the app if it can be told."""
    where = _place_of_frame(app, stack_trace) or _place_of_function(app, message)
    place = f" ({where})" if where else ""
    return f"The app cannot be loaded: {message.rstrip('.')}{place}."


def without_functions(app: Path) -> str:
    """One sentence on an app in which the library finds nothing."""
    script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
    if not (app / script).exists():
        return f"{script} does not exist in {app}."
    return f"The app has no functions: {script} declares none."


def _place_of_frame(app: Path, stack_trace: str) -> str | None:
    """The app's innermost frame: where an import raised."""
    found = None
    for frame in _FRAME.finditer(stack_trace):
        path = Path(frame["file"])
        if path.is_relative_to(app) and not _is_hidden(path.relative_to(app)):
            found = f"{frame['file']}, line {frame['line']}"
    return found


def _is_hidden(path: Path) -> bool:
    """Whether it lies in a directory such as .venv or .python_packages."""
    return any(part.startswith(".") for part in path.parts)


def _place_of_function(app: Path, message: str) -> str | None:
    """The definition of the function that the message names."""
    match = _FUNCTION.search(message)
    if match is None:
        return None
    name = re.escape(match["name"])
    definition = re.compile(rf"^\s*(?:async )?def {name}\b|function_name\(['\"]{name}['\"]")
    for file in _sources(app):
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            if definition.search(line):
                return f"{file}, line {number}"
    return None


def _sources(directory: Path) -> Iterator[Path]:
    """The app's own modules, without its packages."""
    for path in sorted(directory.iterdir()):
        if path.name.startswith(".") or path.name in _SKIPPED:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _sources(path)
        elif path.suffix == ".py":
            yield path
