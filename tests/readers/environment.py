"""The environments with what people read datasets with; made once, for all test processes."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from scripts.devhost.paths import ROOT

HERE = Path(__file__).parent
READERS, TRAINING = "requirements.txt", "requirements-training.txt"
HOMES = {READERS: "readers", TRAINING: "training"}


def python(requirements: str = READERS) -> Path:
    """The interpreter of an environment, which is made when it is not there."""
    home = ROOT / ".local" / HOMES[requirements]
    home.mkdir(parents=True, exist_ok=True)
    stamp, interpreter = home / "installed.txt", home / "venv" / "bin" / "python"
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (HERE / requirements).read_text() + sys.version
        if not stamp.exists() or stamp.read_text() != wanted:
            uv = str(ROOT / ".venv" / "bin" / "uv")
            make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable]
            subprocess.run([*make, str(home / "venv")], check=True)
            install = [uv, "pip", "install", "--quiet", "--python", str(interpreter)]
            subprocess.run([*install, "-r", str(HERE / requirements)], check=True)
            stamp.write_text(wanted)
    return interpreter


def read(script: str, *arguments: str, home: Path, requirements: str = READERS) -> str:
    """What a script of this folder prints there; caches are below ``home``.

    Raises:
        AssertionError: it failed, with what it said.
    """
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(home), "CROISSANT_CACHE": str(home)}
    done = subprocess.run(
        [python(requirements), HERE / script, *arguments],
        env={**os.environ, **offline},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout
