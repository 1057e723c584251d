"""Checks everything, starts everything, ends everything on Ctrl-C.

    start-dev.sh [--host auto|func|local] [--frontend DIR] [--port N] [--check]

Without local.settings.json (and without DATABASE_URL in the environment or .env) it starts the
local stack, which needs nothing. With it, the services named there are checked and only the host is
started: `func start` where Core Tools is installed, else the local host. A frontend is told of all
of them.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scripts.dev.children import WINDOWS, Children

if TYPE_CHECKING:
    from scripts.devhost.stack import LocalStack

ROOT: Final = Path(__file__).resolve().parents[2]
SETTINGS: Final = ROOT / "local.settings.json"
ENVIRONMENT: Final = ROOT / ".venv" / ("Scripts" if WINDOWS else "bin")
NODE_WANTED: Final = 20
PORT: Final = 7071  # Core Tools' own
FRONTEND_URL: Final = "http://localhost:3000"  # where `next dev` listens


class CannotStart(Exception):
    """Something is missing; the message says what to do."""


def main() -> int:
    """0 when ended by Ctrl-C, 1 when it could not start or a part ended by itself."""
    given = _parse()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        _require_python()
        _enter_environment()
        return _start(given)
    except CannotStart as error:
        print(f"start-dev: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Everything is stopped.")
        return 0


def _start(given: argparse.Namespace) -> int:
    own_services = _has_own_services()
    if WINDOWS and not own_services:
        raise CannotStart(
            "The local stack does not run on Windows: copy local.settings.example.json to "
            "local.settings.json, fill it in, and start again."
        )
    frontend = _frontend_command(given.frontend) if given.frontend else None
    port = given.port or int(os.environ.get("PORT") or PORT)
    host = _host_command(given.host, port) if own_services else None
    if (own_services or given.port) and not WINDOWS:
        _require_free_port(port)
    if own_services and not _examined():
        raise CannotStart("mend what failed above, then start again.")
    if given.check:
        print("Everything is there.")
        return 0
    children = Children()
    with ExitStack() as cleanup:
        cleanup.callback(children.stop)
        if host:
            url = f"http://127.0.0.1:{port}"
            children.start("host", host, cwd=ROOT, environment={"PYTHONUNBUFFERED": "1"})
            told = _of_own_services()
        else:
            stack = _start_stack(cleanup, children, given.port)
            url, told = stack.info.api_url, _of_stack(stack)
        if frontend:
            environment = told | {"NEXT_PUBLIC_API_URL": f"{url}/api/v1"}
            children.start("frontend", frontend, cwd=given.frontend, environment=environment)
        print(f"API {url}  health {url}/health  documentation {url}/docs   (Ctrl-C stops)")
        ended = children.wait()
        code = children.exit_code(ended)
    raise CannotStart(f"{ended} ended by itself with code {code}.")


def _has_own_services() -> bool:
    """Whether services are named, by a variable or a file; what files say is in force from now."""
    from scripts.devhost.host.environment import load_files
    from scripts.devhost.host.errors import HostError

    with suppress(HostError):  # the doctor will say what is wrong with them
        load_files(ROOT)
    return SETTINGS.exists() or "DATABASE_URL" in os.environ


def _require_python() -> None:
    if not (3, 11) <= sys.version_info < (3, 14):
        raise CannotStart(
            "Python 3.11, 3.12 or 3.13 is needed, this is {}.{}.".format(*sys.version_info)
        )


def _enter_environment() -> None:
    """Goes on in .venv, which is made when it is missing (start-dev.sh has made it already)."""
    if sys.prefix != sys.base_prefix:
        return
    python = ENVIRONMENT / ("python.exe" if WINDOWS else "python")
    if not python.exists():
        print("Making .venv with the packages of requirements.txt", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT.parent)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r",
                        str(ROOT / "requirements.txt")], check=True)  # fmt: skip
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the other process's
    sys.exit(subprocess.call([str(python), "-m", "scripts.dev", *sys.argv[1:]], cwd=ROOT))


def _host_command(wanted: str, port: int) -> list[str]:
    """Core Tools where they are, else the local host."""
    func = shutil.which("func")
    if wanted == "func" and not func:
        raise CannotStart(
            "Azure Functions Core Tools (func) is not installed: npm i -g "
            "azure-functions-core-tools@4, or take --host local."
        )
    if func and wanted != "local":
        return [func, "start", "--port", str(port)]
    if WINDOWS:
        raise CannotStart("The local host does not run on Windows: install Core Tools (func).")
    return [sys.executable, "-m", "scripts.devhost", "--port", str(port)]


def _frontend_command(directory: Path) -> list[str]:
    """The frontend's development server, its packages installed."""
    if not (directory / "package.json").is_file():
        raise CannotStart(f"{directory} is no frontend: it has no package.json.")
    bun, node = shutil.which("bun"), shutil.which("node")
    if not bun:
        raise CannotStart("bun is not installed, and the frontend needs it: https://bun.sh")
    if not node:
        raise CannotStart("Node.js is not installed, and the frontend needs it: https://nodejs.org")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    if int(said.strip().lstrip("v").partition(".")[0] or 0) < NODE_WANTED:
        raise CannotStart(f"Node.js {NODE_WANTED} or newer is needed, this is {said.strip()}.")
    if not (directory / "node_modules").is_dir():
        subprocess.run([bun, "install"], cwd=directory, check=True)
    return [bun, "run", "dev"]


def _require_free_port(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise CannotStart(f"Port {port} is taken: stop what listens there, or take --port.")


def _examined() -> bool:
    """Whether settings, database, sign-in, storage and Redis are as they must be."""
    from scripts.azure.doctor import examine

    return examine(ROOT) == 0


def _start_stack(cleanup: ExitStack, children: Children, port: int | None) -> "LocalStack":
    """The local stack, which is stopped with us."""
    from scripts.devhost.paths import SHARED
    from scripts.devhost.stack import LocalStack, StackError

    stack = LocalStack(SHARED, ports={"host": port} if port else {})
    if stack.running:
        raise CannotStart("The local stack is running already (./scripts/stack.sh down stops it).")
    try:
        stack.start(say=lambda message: print(f"  {message} …", flush=True))
    except (StackError, OSError) as error:
        raise CannotStart(str(error)) from None
    cleanup.callback(stack.stop)
    tail = ["tail", "-n", "0", "-F", str(stack.log("host"))]
    children.start("host", tail, cwd=ROOT, environment={})
    return stack


def _of_stack(stack: "LocalStack") -> dict[str, str]:
    info = stack.info
    return _told(
        FRONTEND_URL, info.supabase_url, info.supabase_anon_key, database_url=info.database_url
    )


def _of_own_services() -> dict[str, str]:
    from shared.app.settings import get_settings

    settings = get_settings()
    return _told(
        settings.app_url,
        settings.supabase_url,
        settings.supabase_anon_key.get_secret_value(),
        database_url=settings.database_url.get_secret_value(),
    )


def _told(app_url: str, supabase_url: str, anon_key: str, *, database_url: str) -> dict[str, str]:
    """What a frontend has to know of the services, under the names it reads."""
    return {
        "NEXT_PUBLIC_APP_URL": app_url,
        "NEXT_PUBLIC_SUPABASE_URL": supabase_url,
        "NEXT_PUBLIC_SUPABASE_ANON_KEY": anon_key,
        "POSTGRES_URL": database_url,
    }


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is no port: take one from 1 to 65535")
    return int(text)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="start-dev",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", choices=("auto", "func", "local"), default="auto", help="which Functions host")
    add("--frontend", type=Path, metavar="DIR", help="also start the frontend in DIR, with bun")
    port_help = f"port of the API (default: PORT or {PORT}; of the local stack: one that is free)"
    add("--port", type=_port, metavar="N", help=port_help)
    add("--check", action="store_true", help="only check")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
