"""``crawl.sh``: keywords in, a folder of images out."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from scripts.crawl.api import Api, ApiError
from scripts.crawl.local import local_api
from scripts.crawl.run import Order, crawl
from scripts.devhost.stack.errors import StackError

INTERRUPTED = 130  # what shells report for a program ended by Ctrl-C


def main() -> int:
    """The exit code: 0 when the crawl completed."""
    arguments = _parse()
    console = Console()
    order = Order(
        keywords=tuple(arguments.keywords),
        max_images=arguments.max_images,
        out=arguments.out,
        sources=tuple(arguments.source or ()),
    )
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        with _open_api(arguments, console) as api:
            crawl(api, order, console)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ApiError, StackError, OSError) as error:
        print(f"crawl: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _open_api(arguments: argparse.Namespace, console: Console) -> Iterator[Api]:
    if not arguments.api_url:
        with local_api(console, credits=arguments.max_images) as api:
            yield api
        return
    with Api(arguments.api_url, key=arguments.api_key) as api:
        yield api


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="crawl.sh",
        description="Crawl images for keywords and save them as a dataset. Without --api-url "
        "the local stack is used; it is started, and stopped again, when it is not up.",
    )
    parser.add_argument("keywords", nargs="+", metavar="KEYWORD")
    parser.add_argument("--max-images", type=_positive, default=100, metavar="N",
                        help="how many distinct images to keep in all (default: 100)")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("dataset"), metavar="DIR",
                        help="where the dataset goes (default: ./dataset)")  # fmt: skip
    parser.add_argument("--source", action="append", choices=("openverse", "wikimedia"),
                        help="where to look, repeatable (default: everywhere)")  # fmt: skip
    parser.add_argument("--api-url", metavar="URL", help="a PixCrawler service, with --api-key")
    parser.add_argument("--api-key", metavar="KEY",
                        help="a key with projects, jobs:* and images:read")  # fmt: skip
    arguments = parser.parse_args()
    if bool(arguments.api_url) != bool(arguments.api_key):
        parser.error("--api-url and --api-key go together")
    return arguments


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main())
