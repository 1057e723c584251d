"""Running a deployed zip on the local host, as the platform does it.

Unpacked, its own packages only, the old process killed at once, the new one started without being
waited for.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path

from tests.fakes.az.state import STATE, config

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ".python_packages/lib/site-packages"


def run_zip(package: Path) -> None:
    """Replaces what runs: the old host and its workers die with whatever they were doing."""
    site = STATE / f"site-{time.time_ns()}"
    pid = STATE / "site.pid"
    if pid.exists():
        with suppress(ProcessLookupError):
            os.killpg(int(pid.read_text()), signal.SIGKILL)
    unpack(package, site)
    command = [sys.executable, "-m", "scripts.devhost", "--app", str(site)]
    options = ["--state", str(STATE / "hub"), "--port", str(config()["port"])]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(site / PACKAGES), config()["beside"]]),
        "languageWorkers__python__defaultExecutablePath": config()["python"],
        **config()["settings"],
    }
    with (STATE / "site.log").open("ab") as log:
        host = subprocess.Popen(
            [*command, *options], cwd=ROOT, env=environment, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    pid.write_text(str(host.pid))


def unpack(package: Path, site: Path) -> None:
    """Packages that were unpacked before are linked to: they are thousands of files."""
    with zipfile.ZipFile(package) as files:
        entries = files.infolist()
        packages = [entry for entry in entries if entry.filename.startswith(PACKAGES)]
        files.extractall(
            site, [entry for entry in entries if not entry.filename.startswith(PACKAGES)]
        )
        identity = repr([(entry.filename, entry.CRC) for entry in packages])
        kept = Path(config()["unpacked"]) / hashlib.sha256(identity.encode()).hexdigest()[:16]
        if not kept.exists():
            unpacked = kept.with_suffix(f".{os.getpid()}")
            files.extractall(unpacked, packages)
            try:
                unpacked.rename(kept)
            except OSError:  # another test was faster
                shutil.rmtree(unpacked)
    (site / ".python_packages").symlink_to(kept / ".python_packages")
    (STATE / "site").unlink(missing_ok=True)
    (STATE / "site").symlink_to(site)
