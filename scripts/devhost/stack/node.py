"""Node.js and the npm packages of the local stack, installed once per clone."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from scripts.devhost.stack.errors import StackError

OLDEST: Final = 22  # what Azurite asks for
INSTALL_SECONDS: Final = 600


def node() -> Path:
    """The system's Node if it is new enough, else the one of the virtual environment."""
    own = Path(sys.executable).parent / "node"
    system = shutil.which("node")
    if system is not None and _major(system) >= OLDEST:
        return Path(system)
    if own.exists():
        return own
    raise StackError(f"Node.js {OLDEST} or later is missing: run ./scripts/bootstrap.sh.")


def _major(executable: str) -> int:
    ended = subprocess.run([executable, "--version"], capture_output=True, text=True, check=False)
    number = ended.stdout.strip().removeprefix("v").partition(".")[0]
    return int(number) if number.isdigit() else 0


def install(package: Path, target: Path) -> Path:
    """The `node_modules` with what the lock file beside `package.json` names.

    Nothing is done when that very lock file was installed before. Install scripts do not run.
    """
    lock = (package / "package-lock.json").read_bytes()
    wanted = hashlib.sha256(lock).hexdigest()
    stamp = target / "installed"
    target.mkdir(parents=True, exist_ok=True)
    with (target / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            stamp.unlink(missing_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copyfile(package / name, target / name)
            _run_npm(target)
            stamp.write_text(wanted)
    return target / "node_modules"


def _run_npm(target: Path) -> None:
    runtime = node()
    npm = runtime.parent / "npm"
    log = target / "npm.log"
    with log.open("wb") as output:
        try:
            ended = subprocess.run(
                [
                    str(npm if npm.exists() else "npm"), "ci", "--ignore-scripts", "--no-audit",
                    "--no-fund", "--no-update-notifier", "--fetch-retries=1",
                    "--fetch-timeout=60000",
                ],
                cwd=target, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False,
                timeout=INSTALL_SECONDS,
                env=os.environ | {"PATH": f"{runtime.parent}{os.pathsep}{os.environ['PATH']}"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise StackError(f"npm did not finish in {INSTALL_SECONDS} s (see {log}).") from None
    if ended.returncode:
        raise StackError(_sentence(log))


def _sentence(log: Path) -> str:
    text = log.read_text(errors="replace")
    if "ENOSPC" in text:
        return f"The disk is full: npm could not install into {log.parent}."
    if any(code in text for code in ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT",
                                     "ECONNRESET", "ENETUNREACH", "FETCH_ERROR")):  # fmt: skip
        return f"The npm registry cannot be reached, and the local stack needs it (see {log})."
    return f"npm could not install the packages of the local stack (see {log})."
