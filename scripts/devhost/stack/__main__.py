"""`python -m scripts.devhost.stack up|down|status`."""

import argparse
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Final

from scripts.devhost.errors import StackError, sentence
from scripts.devhost.paths import ROOT, SHARED
from scripts.devhost.stack.app_settings import write_local_settings
from scripts.devhost.stack.local import LocalStack
from scripts.devhost.stack.plan import PARTS

LEAST_FREE_BYTES: Final = 1024 * 1024


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 if the stack is as asked, else 1 and one sentence that says why."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parts = tuple(part for part in options.parts if part != "host" or not options.settings)
    stack = LocalStack(options.directory, parts, legacy_jwt=options.legacy_jwt)
    try:
        code = {"up": up, "down": down, "status": status}[options.command](stack)
        if options.settings and options.command == "up":
            write_local_settings(options.settings, stack.info, stack.layout)
            print(f"Wrote {options.settings}: func start, or python -m scripts.devhost")
        return code
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except (StackError, OSError) as error:
        print(sentence(error), file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stack.sh", description="The servers that the app needs, on loopback."
    )
    parser.add_argument("command", choices=("up", "down", "status"))
    parser.add_argument(
        "--directory", type=Path, default=SHARED, help="where the stack keeps its data (.local)"
    )
    parser.add_argument(
        "--parts", type=lambda value: tuple(value.split(",")), default=PARTS,
        help=f"only these parts, with commas between them ({','.join(PARTS)})",
    )  # fmt: skip
    parser.add_argument(
        "--settings", type=Path, nargs="?", const=ROOT / "local.settings.json", metavar="FILE",
        help="up without the Functions host, and write the settings with which another one, such "
        "as func start, runs the app on the stack (local.settings.json)",
    )  # fmt: skip
    parser.add_argument(
        "--legacy-jwt", action="store_true",
        help="with up: Supabase Auth as in older projects, shared secret and no published key",
    )  # fmt: skip
    return parser


def up(stack: LocalStack) -> int:
    """Start what is not running and say where it is."""
    began = time.monotonic()
    stack.start(detached=True, say=lambda message: print(f"  {message} …", flush=True))
    info = stack.info
    addresses = {
        "API": info.api_url,
        "Supabase": info.supabase_url,
        "image web": info.image_web_url,
        "PostgreSQL": info.database_url,
    }
    for name, address in addresses.items():
        if address:
            print(f"  {name:<11}{address}")
    print(f"The stack is up ({time.monotonic() - began:.1f} s); details in {stack.layout.info}")
    return 0


def down(stack: LocalStack) -> int:
    """End every process of the stack."""
    was_up = stack.running
    stack.stop()
    print("The stack is down." if was_up else "The stack was not running.")
    return 0


def status(stack: LocalStack) -> int:
    """Tell of each part; 0 if all are well."""
    if not stack.running:
        print("The stack is not running.")
        return 1
    if shutil.disk_usage(stack.layout.directory).free < LEAST_FREE_BYTES:
        print(f"The disk is full: {stack.layout.directory} needs room. What is known may be old:")
    state = stack.state()
    parts = state.get("parts", {})
    for name, part in parts.items():
        health = "healthy" if part["healthy"] else "not healthy"
        restarts = f", {part['restarts']} restarts" if part["restarts"] else ""
        print(f"  {name:<10}process {part['pid']}  port {part['port']}  {health}{restarts}")
    return 0 if state.get("ready") and all(part["healthy"] for part in parts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
