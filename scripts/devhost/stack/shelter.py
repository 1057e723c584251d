"""Places that PostgreSQL's user can reach when root starts it.

Root runs the server as uid 65534, which cannot enter a clone or a virtual environment below /root.
Links are followed first and only real paths are handed on: a link that lies in the open may lead
into a closed directory, as may each single file of an installation.
"""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

from scripts.devhost.errors import StackError

SHELTER: Final = Path("/var/lib/pixcrawler")


def is_root() -> bool:
    """Whether the server must run as another user than ourselves."""
    return os.geteuid() == 0


def data_home(data_dir: Path) -> Path:
    """The directory that holds the data: `data_dir`, or where it leads.

    In a closed clone `data_dir` becomes a link into the shelter, and removing the link (with
    .local) starts afresh just as removing the data would.
    """
    real = data_dir.resolve()
    real.parent.mkdir(parents=True, exist_ok=True)
    if not is_root() or _enterable(real.parent):
        return real
    if real.exists():
        raise StackError(
            f"PostgreSQL, which does not run as root, cannot reach its data: remove {real} to "
            "start afresh, or let others enter the directories above it."
        )
    home = _shelter("data") / hashlib.sha256(str(real).encode()).hexdigest()[:16]
    shutil.rmtree(home, ignore_errors=True)
    real.symlink_to(home)
    return home


def reachable_binaries(installed: Path) -> Path:
    """The server's programs, libraries and other files where its user can read them."""
    installed = installed.resolve()
    if not is_root() or _readable(installed):
        return installed
    stat = installed.stat()
    copy = _shelter("postgres") / f"{stat.st_dev}-{stat.st_ino}-{stat.st_mtime_ns}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(installed, unfinished)
        for path in _tree(unfinished):  # installed under umask 077, it is the owner's alone
            mode = path.stat().st_mode
            path.chmod(mode | _owner_may(mode))
        try:
            unfinished.rename(copy)
        except OSError:  # another start was faster
            shutil.rmtree(unfinished)
    return copy


def _shelter(name: str) -> Path:
    directory = SHELTER / name
    directory.mkdir(parents=True, exist_ok=True)
    for path in (SHELTER, directory):
        path.chmod(0o755)  # whatever the umask
    return directory


def _enterable(directory: Path) -> bool:
    """Whether any user can pass through the directory, of which the path is real."""
    return all(path.stat().st_mode & 0o001 for path in (directory, *directory.parents))


def _readable(installed: Path) -> bool:
    """Whether any user can reach every file and do with it what the owner can, save writing."""
    tree = _tree(installed)
    modes = (path.stat().st_mode for path in tree)
    return all(not _owner_may(mode) & ~mode for mode in modes) and all(
        map(_enterable, {path.resolve().parent for path in tree})
    )


def _tree(directory: Path) -> list[Path]:
    return [directory, *directory.rglob("*")]


def _owner_may(mode: int) -> int:
    """The owner's right to read and execute, as bits of the others."""
    return mode >> 6 & 0o005
