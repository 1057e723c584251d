"""Building the catalogue: distinct pictures, their duplicates, and everything that goes wrong.

The same seed and the same package versions give the same catalogue, file by file.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final

from scripts.devhost.imageweb.model import SOURCES, Candidate, Catalogue, Truth
from scripts.devhost.node import install
from scripts.devhost.paths import SHARED

__all__ = [
    "DEFAULT_PER_KEYWORD", "DEFAULT_SEED", "SOURCES", "Candidate", "Catalogue", "Truth",
    "load",
]  # fmt: skip

Say = Callable[[str], None]
DEFAULT_SEED: Final = 7
DEFAULT_PER_KEYWORD: Final = 36
DEFAULT_DIRECTORY: Final = SHARED / "imageweb"
_PACKAGE: Final = Path(__file__).parent
# What the files and the truth follow from; another server over them needs no new pictures.
_MADE_BY: Final = (
    "assembly.py", "behaviour.py", "credits.py", "dhash.py", "drawing.py", "keywords.py",
    "model.py", "package-lock.json", "pictures.py",
)  # fmt: skip


def _install_packages(say: Say) -> Path:
    """The `node_modules` with emoji and annotations, installed when the clone has none."""
    return install(_PACKAGE, SHARED / "npm" / "imageweb", say)


def load(
    directory: Path = DEFAULT_DIRECTORY,
    seed: int = DEFAULT_SEED,
    *,
    per_keyword: int = DEFAULT_PER_KEYWORD,
    say: Say = lambda _: None,
) -> Catalogue:
    """The catalogue, built when the directory does not have it yet (half a minute)."""
    return Catalogue.read(build(directory, seed, per_keyword=per_keyword, say=say))


def build(directory: Path, seed: int, *, per_keyword: int, say: Say) -> Path:
    """Where the catalogue is, built when the directory does not have it yet."""
    target = directory / f"{seed}-{per_keyword}-{_version()}"
    directory.mkdir(parents=True, exist_ok=True)
    if not (target / "index.json").exists():
        with (directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (target / "index.json").exists():
                _build(target, seed, per_keyword, say)
    return target


def _build(target: Path, seed: int, per_keyword: int, say: Say) -> None:
    # Numpy and Pillow: what serves the pictures does not need them.
    from scripts.devhost.imageweb.assembly import assemble
    from scripts.devhost.imageweb.drawing import Workshop

    packages = _install_packages(say)
    say("Drawing the pictures of the image web, once")
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        with Workshop(unfinished, packages) as workshop:
            candidates = assemble(workshop, seed, per_keyword)
        Catalogue(unfinished, candidates).write()
        unfinished.rename(target)
        _remove_outdated(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _remove_outdated(built: Path) -> None:
    """Remove what other versions of the code or of the packages have drawn."""
    for other in built.parent.iterdir():
        if other.is_dir() and not other.name.endswith(_version()):
            shutil.rmtree(other, ignore_errors=True)


def _version() -> str:
    """Changes with whatever the pictures depend on."""
    state = hashlib.sha256()
    for package in ("pillow", "scikit-image", "scikit-learn"):
        state.update(version(package).encode())
    for name in _MADE_BY:
        state.update((_PACKAGE / name).read_bytes())
    return state.hexdigest()[:10]
