"""The command line of the host."""

import argparse
import asyncio
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import uvloop

from scripts.arguments import number
from scripts.devhost.host.errors import HostError
from scripts.devhost.host.faults import HOST_POINTS, WORKER_POINTS, Faults, KillPoint
from scripts.devhost.host.host import Host, Options
from scripts.devhost.host.log import setup_logging, show_functions
from scripts.devhost.host.settings import HostSettings, load_settings

_DESCRIPTION: Final = """\
Runs an Azure Functions app (Python v2 programming model) on this machine: HTTP, queue and timer
triggers and Durable Functions, with the routing, delivery and replay rules of the real host.
It reads host.json, local.settings.json and one .env file of the app (.env, or .env.NAME where
PIXCRAWLER_ENVIRONMENT is NAME and not development). Variables that are set in the environment
win, then the Values of local.settings.json; keys of host.json that Azure ignores are named. Queue
triggers need AzureWebJobsStorage (Azurite will do). Durable state lives in one SQLite file under
--state: kill the host at any moment and start it again, and everything goes on. Requests and
answers are as on the real host, but that no key is asked for, neither by functions nor by /admin.

Ready when GET /admin/host/status answers 200. GET /admin/functions lists what was loaded,
POST /admin/functions/NAME {"input": "..."} runs any function that is not HTTP at once, and
GET /runtime/webhooks/devhost/instances counts durable instances and work on its way.
Durable entities, call_http, rewind and bindings other than HTTP, queue, timer and durable ones
are not offered. maxConcurrentActivityFunctions and maxConcurrentOrchestratorFunctions hold for
the host with all its workers, as they hold for one instance in Azure."""


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    points = "\n".join(f"  {point:18} {text}" for point, text in HOST_POINTS.items())
    workers = ", ".join(WORKER_POINTS)
    parser = argparse.ArgumentParser(
        prog="python -m scripts.devhost",
        description=_DESCRIPTION,
        epilog=f"points for --kill, where the host dies as by kill -9:\n{points}\n"
        f"and where only the worker that runs the function dies:\n  {workers}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--app", type=Path, default=Path(), help="directory of host.json (default: .)")
    add(
        "--port",
        type=number(int, 1, 65535),
        help="public port (default: PORT, LocalHttpPort, 7071)",
    )
    add("--address", help="address to listen on (default: HOST, else 127.0.0.1)")
    add("--state", type=Path, default=Path(".local/host"), help="directory of durable state")
    add(
        "--workers",
        type=number(int, 1, 1000),
        help="processes (default: FUNCTIONS_WORKER_PROCESS_COUNT, else 1)",
    )
    add("--cors", help="allowed origins, comma-separated, or *")
    add("--verbose", action="store_true", help="also log every request and episode")
    faults = parser.add_argument_group("faults, for tests")
    faults.add_argument(
        "--deliver-twice",
        action="store_true",
        help="run every activity and every queue message twice",
    )
    faults.add_argument("--reorder", type=int, metavar="SEED", help="shuffle the order of delivery")
    faults.add_argument(
        "--lease",
        type=number(float, 0.1, 1e6),
        metavar="SECONDS",
        help="how long the durable work of a host that died stays with it, in place of the "
        "visibility timeouts of host.json",
    )
    faults.add_argument(
        "--timer-speed",
        type=number(float, 0.001, 1e6),
        default=1.0,
        metavar="N",
        help="let orchestrations wait only for the Nth part of each of their timers",
    )
    faults.add_argument(
        "--kill",
        action="append",
        default=[],
        metavar="POINT[:N]",
        help="kill -9 at the Nth pass of a point, counted from the start of the process; "
        "may be repeated",
    )
    faults.add_argument(
        "--strict-sizes",
        action="store_true",
        help="fail activities whose input or output exceeds 16 KB instead of warning",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the host; the exit code."""
    given = build_parser().parse_args(arguments)
    setup_logging(verbose=given.verbose)
    try:
        _run(given)
    except HostError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(given: argparse.Namespace) -> None:
    app = given.app.resolve()
    state = given.state.resolve()
    faults = Faults(
        kills=tuple(KillPoint.parse(text) for text in given.kill),
        deliver_twice=given.deliver_twice,
        reorder_seed=given.reorder,
        timer_speed=given.timer_speed,
    )
    settings = load_settings(app, cors=given.cors)
    show_functions(logging.DEBUG if given.verbose else settings.log_level)
    if given.lease is not None:
        leases = {"work_item_visibility": given.lease, "control_queue_visibility": given.lease}
        settings = replace(settings, durable=replace(settings.durable, **leases))
    options = Options(
        app=app,
        state=state,
        address=given.address or os.environ.get("HOST") or "127.0.0.1",
        port=given.port or settings.port,
        workers=given.workers or _worker_count(),
        strict_sizes=given.strict_sizes,
        faults=faults,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(options, settings))


async def _serve(options: Options, settings: HostSettings) -> None:
    await Host(options, settings).serve()


def _worker_count() -> int:
    text = os.environ.get("FUNCTIONS_WORKER_PROCESS_COUNT", "1")
    if not text.isdecimal() or int(text) < 1:
        raise HostError(f"FUNCTIONS_WORKER_PROCESS_COUNT is {text!r}, not a positive number.")
    return int(text)
