"""A build tried as Azure would run it: unpacked somewhere empty, with its own packages only.

    python -m scripts.azure.trial BUILD.zip [--python 3.13]

An interpreter of the wanted version without packages imports the app (the cold start), then serves
it: the local host on a local stack of its own, where the smoke test must pass.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Final

import httpx

from scripts.azure import OperationError
from scripts.azure.build import AZURE_PYTHON, PACKAGES, uv
from scripts.azure.processes import ROOT, call, run
from scripts.azure.program import ended
from scripts.devhost.host import worker_library
from scripts.devhost.host.worker_process import WORKER_PYTHON
from scripts.devhost.stack import LocalStack, StackError
from scripts.devhost.stack.ports import choose_ports
from scripts.devhost.stack.process import end, spawn
from scripts.pythons import supported_pythons

SERVICES: Final = ("postgres", "azurite", "imageweb", "auth")
RUNS: Final = 5
WORKER: Final = (*worker_library.PACKAGES, "protobuf", "uvloop")
START_SECONDS: Final = 60
IMPORT: Final = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"


def bare_python(version: str, directory: Path, packages: Path) -> Path:
    """An interpreter that has ``packages`` and no others.

    Save Azure's worker library and what it needs, at the end: on Azure it has them beside the app.
    """
    interpreter = supported_pythons().get(version)
    if interpreter is None:
        raise OperationError(f"There is no Python {version} on this machine.")
    run([*uv(), "venv", "--quiet", "--python", interpreter, str(directory / "venv")])
    beside = directory / "beside"
    wanted = [f"{name}=={pin}" for name, pin in worker_library.pinned(WORKER).items()]
    run([*uv(), "pip", "install", "--quiet", "--no-deps", "--python", interpreter,
         "--target", str(beside), *wanted])  # fmt: skip
    command = directory / "python"
    path = f"${{PYTHONPATH:+$PYTHONPATH:}}{packages}:{beside}"
    python = directory / "venv" / "bin" / "python"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{path}" exec "{python}" "$@"\n')
    command.chmod(0o755)
    return command


def main() -> int:
    """0 when the build serves."""
    parser = argparse.ArgumentParser(prog="python -m scripts.azure.trial", description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("--python", default=AZURE_PYTHON, help="version (default: %(default)s)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pixcrawler-trial-") as directory:
        Path(directory).chmod(0o755)  # as root the database runs as another user
        try:
            return _try(given.build, given.python, Path(directory))
        except zipfile.BadZipFile:
            raise OperationError(f"{given.build} is no zip.") from None
        except StackError as error:
            raise OperationError(str(error)) from None


def _try(build: Path, version: str, directory: Path) -> int:
    site = directory / "site"
    with zipfile.ZipFile(build) as package:
        package.extractall(site)
        unpacked = sum(entry.file_size for entry in package.infolist())
    size = build.stat().st_size
    print(f"{size / 2**20:.1f} MB, {unpacked / 2**20:.0f} MB unpacked")
    python = bare_python(version, directory, site / PACKAGES)
    seconds = _import_seconds(site, python)
    print(f"import function_app under Python {version}: {seconds:.2f} s (median of {RUNS})")
    with LocalStack(directory / "stack", SERVICES) as stack:
        return _serve(site, directory, python, stack)


def _import_seconds(site: Path, python: Path) -> float:
    command = [str(python), "-c", IMPORT.format("import function_app")]
    environment = {"PATH": os.environ["PATH"]}
    runs = [float(run(command, cwd=site, environment=environment)) for _ in range(RUNS + 1)]
    return statistics.median(runs[1:])  # the first reads the files from the disk


def _serve(site: Path, directory: Path, python: Path, stack: LocalStack) -> int:
    info = stack.info
    port = choose_ports(directory / "ports.json", ["host"])["host"]
    settings = {
        "PATH": os.environ["PATH"],
        WORKER_PYTHON: str(python),
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "DATABASE_URL": info.database_url,
        "AzureWebJobsStorage": info.storage_connection_string,
        "SUPABASE_URL": info.supabase_url,
        "SUPABASE_ANON_KEY": info.supabase_anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": info.supabase_service_role_key,
        "OPENVERSE_API_URL": f"{info.image_web_url}/openverse/v1",
        "WIKIMEDIA_API_URL": f"{info.image_web_url}/w/api.php",
        "CRAWL_ALLOWED_HOSTS": info.image_web_url.removeprefix("http://"),
        "CRAWL_TIMEOUT_SECONDS": "3",
        "API_KEY_PEPPER": "pepper",
    }
    began = time.monotonic()
    host = spawn(
        [sys.executable, "-m", "scripts.devhost", "--app", str(site), "--port", str(port),
         "--state", str(directory / "hub")],
        environment=settings, log=directory / "host.log", cwd=ROOT,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/health", directory / "host.log")
        print(f"start to first /health: {time.monotonic() - began:.2f} s", flush=True)
        return call(
            [sys.executable, str(ROOT / "scripts" / "smoke.py"), url, "--seconds", "60"],
            {**os.environ, **settings},
        )
    finally:
        end(host, 10)


def _wait_for(url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise OperationError(f"The build does not serve:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(ended("trial", main))
