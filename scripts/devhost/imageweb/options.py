"""What the command line of the image web takes."""

import argparse
from pathlib import Path

from scripts.arguments import COUNT, number
from scripts.devhost.imageweb.catalogue import (
    DEFAULT_DIRECTORY,
    DEFAULT_PER_KEYWORD,
    DEFAULT_SEED,
)


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    made = argparse.ArgumentParser(
        prog="python -m scripts.devhost.imageweb",
        description="A web of pictures on loopback, with an Openverse-shaped search under"
        " /openverse/v1/images/ and a Wikimedia-shaped one under /w/api.php. The first start"
        " draws the pictures, which takes about half a minute.",
    )
    made.add_argument("--port", type=number(int, 0, 65535), default=8080)
    made.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="the cache")
    made.add_argument("--seed", type=int, default=DEFAULT_SEED)
    made.add_argument(
        "--per-keyword",
        type=COUNT,
        default=DEFAULT_PER_KEYWORD,
        help="good pictures per keyword",
    )
    made.add_argument(
        "--openverse-per-second", type=number(float, 0.001), default=None,
        help="throttle the Openverse API as the real one throttles anonymous clients",
    )  # fmt: skip
    return made
