"""The interpreters of this machine that the project supports, by running them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SUPPORTED: Final = ("3.13", "3.12", "3.11")
_SAY_VERSION: Final = "import sys; print('{}.{}'.format(*sys.version_info))"


def supported_pythons() -> dict[str, str]:
    """Version and path of one interpreter each, the newest first.

    The one that runs this comes before those of the PATH, and these before pyenv's. What does not
    run is left out: pyenv puts commands on the PATH that lead nowhere.
    """
    found: dict[str, str] = {}
    for path in dict.fromkeys(map(os.path.realpath, _candidates())):
        found.setdefault(_version(path), path)
    return {version: found[version] for version in SUPPORTED if version in found}


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    names = [f"python{version}" for version in SUPPORTED]
    for directory in os.get_exec_path():
        yield from filter(Path.exists, (Path(directory, name) for name in (*names, "python3")))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for name in names:
        yield from sorted(pyenv.glob(f"versions/*/bin/{name}"))


def _version(python: str) -> str:
    try:
        ended = subprocess.run(
            [python, "-I", "-c", _SAY_VERSION],
            capture_output=True, text=True, check=False, timeout=20,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout.strip() if ended.returncode == 0 else ""
