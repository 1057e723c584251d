"""The zip that runs in Azure: one commit's app and its locked packages, and nothing else.

    python -m scripts.azure.build OUT.zip [--commit HEAD] [--python 3.13]

The files come out of git, so what lies around in the working directory cannot get in. Packages are
those of requirements.txt for Linux and the given Python. Bytecode is compiled in when an
interpreter of that version is at hand: Azure mounts the package read-only, and would compile every
module at every cold start. The same commit gives the same bytes.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scripts.azure import OperationError
from scripts.azure.processes import ROOT, run
from scripts.azure.program import ended
from scripts.pythons import supported_pythons

APP: Final = ("function_app.py", "host.json", "functions", "orchestrations", "shared")
PACKAGES: Final = Path(".python_packages/lib/site-packages")
PLATFORM: Final = "x86_64-manylinux_2_28"
AZURE_PYTHON: Final = "3.13"
SITE: Final = "/home/site/wwwroot"  # what stands in tracebacks
CACHE: Final = ROOT / ".local" / "build"
MANIFEST: Final = "build.json"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def build(out: Path, *, commit: str = "HEAD", python: str = AZURE_PYTHON) -> str:
    """Writes the zip of ``commit`` to ``out``; returns the full commit id."""
    commit = run(["git", "rev-parse", "--verify", f"{commit}^{{commit}}"]).strip()
    with tempfile.TemporaryDirectory(prefix="pixcrawler-build-") as directory:
        stage = Path(directory)
        requirements = _export(commit, stage)
        manifest = {"commit": commit, "python": python}
        (stage / MANIFEST).write_text(json.dumps(manifest) + "\n")
        _compile(stage, python)
        with _whole(out) as made:
            shutil.copyfile(_packages(requirements, python), made)
            _pack(stage, made)
    return commit


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file to write which becomes this one, whole or not at all.

    Half a zip, left by whoever was interrupted or had no room, would be no zip, to which more is
    added as if there were nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(f".{os.getpid()}")
    try:
        yield made
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def _export(commit: str, stage: Path) -> str:
    """The app's files as they are in the commit; the text of its requirements.txt."""
    archive = stage / "app.zip"
    run(["git", "archive", "--format=zip", "-o", str(archive), commit, "--", *APP])
    with zipfile.ZipFile(archive) as files:
        files.extractall(stage)
    archive.unlink()
    return run(["git", "show", f"{commit}:requirements.txt"])


def _packages(requirements: str, python: str) -> Path:
    """The zip of the locked packages, which is made once for each lock and Python."""
    identity = f"{requirements}\0{python}\0{python in supported_pythons()}"
    kept = CACHE / f"packages-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.zip"
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix="pixcrawler-packages-") as directory:
            stage = Path(directory)
            _install(requirements, stage / PACKAGES, python)
            _compile(stage, python)
            with _whole(kept) as made:
                _pack(stage, made)
    return kept


def _install(requirements: str, target: Path, python: str) -> None:
    target.mkdir(parents=True)
    listed = target / "requirements.txt"
    listed.write_text(requirements)
    run([
        *uv(), "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:",
        "--python-version", python, "--python-platform", PLATFORM,
        "--link-mode", "copy", "--target", str(target), "-r", str(listed),
    ])  # fmt: skip
    for name in ("requirements.txt", ".lock"):
        (target / name).unlink(missing_ok=True)
    for unwanted in [target / "bin", *target.rglob("tests")]:
        shutil.rmtree(unwanted, ignore_errors=True)


def _compile(stage: Path, python: str) -> None:
    interpreter = supported_pythons().get(python)
    if interpreter is None:
        print(f"No Python {python} here: the build has no bytecode and starts more slowly.")
        return
    # Unchecked: the files of a package never change, so their times need not be looked at.
    command = [interpreter, "-m", "compileall", "-q", "-j", "0"]
    options = ["--invalidation-mode", "unchecked-hash", "-s", str(stage), "-p", SITE]
    # Some packages carry files for other versions of Python, which do not compile.
    run([*command, *options, str(stage)], check=False)


def uv() -> list[str]:
    """The command uv, of this environment or of the PATH."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise OperationError("uv is missing: install requirements-dev.txt.")
    return [found]


def _pack(stage: Path, out: Path) -> None:
    """Adds the files to the zip, in the same order and with the same date every time."""
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(stage.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(stage)), EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, path.read_bytes())


def main() -> int:
    """Builds as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m scripts.azure.build", description=__doc__)
    parser.add_argument("out", type=Path, help="the zip to write")
    parser.add_argument("--commit", default="HEAD", help="what to build (default: HEAD)")
    parser.add_argument("--python", default=AZURE_PYTHON, help="version (default: %(default)s)")
    given = parser.parse_args()
    commit = build(given.out, commit=given.commit, python=given.python)
    print(f"{given.out}: {given.out.stat().st_size / 2**20:.1f} MB of {commit[:12]}")
    return 0


if __name__ == "__main__":
    sys.exit(ended("build", main))
