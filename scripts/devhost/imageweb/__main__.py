"""`python -m scripts.devhost.imageweb`: serve the image web on loopback."""

import argparse
import sys
from pathlib import Path

from aiohttp import web

from scripts.devhost.imageweb.catalogue import (
    DEFAULT_DIRECTORY,
    DEFAULT_PER_KEYWORD,
    DEFAULT_SEED,
    load,
)
from scripts.devhost.imageweb.server import application
from scripts.devhost.stack.errors import StackError


def main() -> int:
    """Serve until the process is ended."""
    options = parser().parse_args()
    try:
        catalogue = load(
            options.directory, options.seed, per_keyword=options.per_keyword, say=print
        )
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    app = application(catalogue, options.openverse_per_second)
    print(f"Image web on http://127.0.0.1:{options.port}/", flush=True)
    web.run_app(app, host="127.0.0.1", port=options.port, print=None, access_log=None)
    return 0


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    made = argparse.ArgumentParser(
        prog="python -m scripts.devhost.imageweb",
        description="A web of pictures on loopback, with an Openverse-shaped search under"
        " /openverse/v1/images/ and a Wikimedia-shaped one under /w/api.php. The first start"
        " draws the pictures, which takes about half a minute.",
    )
    made.add_argument("--port", type=int, default=8080)
    made.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="the cache")
    made.add_argument("--seed", type=int, default=DEFAULT_SEED)
    made.add_argument(
        "--per-keyword", type=int, default=DEFAULT_PER_KEYWORD, help="good pictures per keyword"
    )
    made.add_argument(
        "--openverse-per-second", type=float, default=None,
        help="throttle the Openverse API as the real one throttles anonymous clients",
    )  # fmt: skip
    return made


if __name__ == "__main__":
    sys.exit(main())
