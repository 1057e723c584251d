"""The environment with what people read datasets with; made once, for all test processes."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from scripts.devhost.paths import ROOT

HERE = Path(__file__).parent
HOME = ROOT / ".local" / "readers"
REQUIREMENTS = HERE / "requirements.txt"


def python() -> Path:
    """The interpreter of the environment, which is made when it is not there."""
    HOME.mkdir(parents=True, exist_ok=True)
    stamp, interpreter = HOME / "installed.txt", HOME / "venv" / "bin" / "python"
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = REQUIREMENTS.read_text() + sys.version
        if not stamp.exists() or stamp.read_text() != wanted:
            uv = str(ROOT / ".venv" / "bin" / "uv")
            make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable]
            subprocess.run([*make, str(HOME / "venv")], check=True)
            install = [uv, "pip", "install", "--quiet", "--python", str(interpreter)]
            subprocess.run([*install, "-r", str(REQUIREMENTS)], check=True)
            stamp.write_text(wanted)
    return interpreter


def read(script: str, *arguments: str, home: Path) -> str:
    """What a script of this folder prints there; caches are below ``home``.

    Raises:
        AssertionError: it failed, with what it said.
    """
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(home), "CROISSANT_CACHE": str(home)}
    done = subprocess.run(
        [python(), HERE / script, *arguments],
        env={**os.environ, **offline},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout
