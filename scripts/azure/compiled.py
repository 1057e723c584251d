"""What the Bicep would deploy, as Microsoft's compiler evaluates it: infra/compiled/.

The compiler is no package that pip could install, so its word is kept in the repository, beside a
digest of what it judged: the tests read it, and see when it is not of the sources that are there.
The workflow compiles again and compares.

./scripts/compile_infra.sh [--check]
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from scripts.azure import OperationError
from scripts.azure.processes import ROOT
from scripts.azure.program import ended

INFRA: Final = ROOT / "infra"
COMPILED: Final = "compiled"
MANIFEST: Final = "sources.json"
COMMAND: Final = "./scripts/compile_infra.sh"
# What the parameter files read from the environment.
ENVIRONMENT: Final = {
    "PIXCRAWLER_SUPABASE_URL": "https://project.supabase.co",
    "PIXCRAWLER_APP_URL": "https://app.example.com",
    "PIXCRAWLER_CRAWLER_CONTACT_EMAIL": "crawler@example.com",
    "PIXCRAWLER_ALERT_EMAIL": "operators@example.com",
    "PIXCRAWLER_URGENT_EMAIL": "on-call@example.com",
    "PIXCRAWLER_DEPLOYER_ID": "11111111-1111-1111-1111-111111111111",
}
WHERE: Final = (
    *("--subscription-id", "00000000-0000-0000-0000-000000000001"),
    *("--tenant-id", "00000000-0000-0000-0000-000000000002"),
    *("--resource-group", "pixcrawler", "--location", "westeurope", "--deployment-name", "main"),
)


def main() -> int:
    """Compiles, or with ``--check`` compares; 0 when all is well."""
    parser = argparse.ArgumentParser(prog="compile_infra.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    given = parser.parse_args()
    compiler = find_compiler()
    with tempfile.TemporaryDirectory(prefix="pixcrawler-infra-") as directory:
        made = compile_all(compiler, Path(directory))
        if given.check:
            compare(made, INFRA / COMPILED)
        else:
            shutil.rmtree(INFRA / COMPILED, ignore_errors=True)
            shutil.copytree(made, INFRA / COMPILED)
    return 0


def find_compiler() -> str:
    """The Bicep compiler: ``$BICEP``, that on the PATH, or the one the Azure CLI has installed.

    Raises:
        OperationError: there is none; with how to get it.
    """
    installed = shutil.which("bicep") or shutil.which("bicep", path=Path.home() / ".azure" / "bin")
    found = os.environ.get("BICEP") or installed
    if found is None:
        raise OperationError(
            "The Bicep compiler is missing: az bicep install, or a release of "
            "https://github.com/Azure/bicep on the PATH or named by BICEP."
        )
    if not shutil.which(found):
        raise OperationError(f"BICEP is {found}, which is no program.")
    return found


def sources(infra: Path = INFRA) -> list[Path]:
    """The files that the compiler reads."""
    patterns = ("*.bicep", "modules/*.bicep", "*.bicepparam", "variants/*.bicepparam")
    return sorted([infra / "bicepconfig.json", *(f for p in patterns for f in infra.glob(p))])


def parameter_files(infra: Path = INFRA) -> list[Path]:
    """The environments, and variants of production that somebody may choose."""
    return [file for file in sources(infra) if file.suffix == ".bicepparam"]


def digest(infra: Path = INFRA) -> str:
    """The SHA-256 of the sources' names and contents."""
    total = hashlib.sha256()
    for file in sources(infra):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        total.update(f"{file.relative_to(infra)} {content}\n".encode())
    return total.hexdigest()


def require_current(infra: Path = INFRA) -> None:
    """Fails when infra/compiled/ was made from other sources than those that are there.

    Raises:
        OperationError: with the command that mends it.
    """
    manifest = infra / COMPILED / MANIFEST
    if not manifest.exists() or json.loads(manifest.read_text())["sha256"] != digest(infra):
        raise OperationError(f"infra/{COMPILED} is not of the Bicep that is there: run {COMMAND}.")


def compile_all(compiler: str, directory: Path) -> Path:
    """A folder with a JSON file for each parameter file, and a manifest.

    Raises:
        OperationError: the compiler has something to say, be it a warning.
    """
    infra, made = directory / "infra", directory / COMPILED
    made.mkdir()
    for file in sources():  # copies: the compiler writes beside what it reads
        copied = infra / file.relative_to(INFRA)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copied)
    said = _run(compiler, "lint", "--pattern", f"{infra}/**/*.bicep*").replace(f"{infra}/", "")
    if said:
        raise OperationError(f"The compiler is not content:\n{said}")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        snapshots = pool.map(lambda file: _evaluated(compiler, file), parameter_files(infra))
        for file, snapshot in zip(parameter_files(infra), snapshots, strict=True):
            _write(made / f"{file.stem}.json", snapshot)
    version = _run(compiler, "--version").split()[3]
    _write(made / MANIFEST, {"bicep": version, "sha256": digest()})
    return made


def _evaluated(compiler: str, file: Path) -> dict[str, object]:
    _run(compiler, "snapshot", str(file), *WHERE)
    snapshot: dict[str, object] = json.loads(file.with_suffix(".snapshot.json").read_text())
    if snapshot["diagnostics"]:
        raise OperationError(f"{file.name} cannot be evaluated: {snapshot['diagnostics']}")
    return snapshot


def compare(made: Path, kept: Path) -> None:
    """Fails when the two folders differ.

    Raises:
        OperationError: with the names of the files that do.
    """
    names = {file.name for folder in (made, kept) for file in folder.glob("*.json")}
    differ = sorted(n for n in names if _content(made / n) != _content(kept / n))
    if differ:
        raise OperationError(f"Not what the compiler says now: {', '.join(differ)}; run {COMMAND}.")


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def _run(compiler: str, *arguments: str) -> str:
    ended = subprocess.run(
        [compiler, *arguments],
        capture_output=True, text=True, check=False, env=os.environ | ENVIRONMENT,
    )  # fmt: skip
    said = (ended.stdout + ended.stderr).strip()
    if ended.returncode:
        raise OperationError(f"bicep {arguments[0]} failed: {said}")
    return said


if __name__ == "__main__":
    sys.exit(ended("compile_infra", main))
