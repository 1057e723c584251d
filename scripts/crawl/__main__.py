"""``crawl.sh``: keywords in, a folder of images out."""

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unicodedata import category

import httpx
from rich.console import Console

from scripts.crawl.api import Api, ApiError
from scripts.crawl.local import local_api
from scripts.crawl.run import Order, crawl
from scripts.crawl.screen import plain_console, reason
from scripts.devhost.stack.errors import StackError

INTERRUPTED = 130  # what shells report for a program ended by Ctrl-C


def main() -> int:
    """The exit code: 0 when the crawl completed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = _parse()
    console = plain_console()
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
        print(f"crawl: {reason(error)}", file=sys.stderr)
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
    parser.add_argument("keywords", nargs="+", type=_keyword, metavar="KEYWORD")
    parser.add_argument("--max-images", type=_positive, default=100, metavar="N",
                        help="how many distinct images to keep in all (default: 100)")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("dataset"), metavar="DIR",
                        help="where the dataset goes (default: ./dataset)")  # fmt: skip
    parser.add_argument("--source", action="append", choices=("openverse", "wikimedia"),
                        help="where to look, repeatable (default: everywhere)")  # fmt: skip
    parser.add_argument("--api-url", type=_url, metavar="URL",
                        help="a PixCrawler service, with --api-key")  # fmt: skip
    parser.add_argument("--api-key", type=_key, metavar="KEY",
                        help="a key with projects, jobs:* and images:read")  # fmt: skip
    arguments = parser.parse_args()
    if bool(arguments.api_url) != bool(arguments.api_key):
        parser.error("--api-url and --api-key go together")
    return arguments


def _positive(text: str) -> int:
    if not (text.isdecimal() and len(text) < 10 and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 999999999")
    return int(text)


def _keyword(text: str) -> str:
    # Control characters, and bytes that are not UTF-8.
    if not text.strip() or any(category(character) in ("Cc", "Cs") for character in text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a word to search for")
    return text


def _url(text: str) -> str:
    with suppress(httpx.InvalidURL):
        url = httpx.URL(text)
        if url.scheme in ("http", "https") and url.host:
            return text
    raise argparse.ArgumentTypeError(f"{text!r} is not an http:// or https:// address")


def _key(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise argparse.ArgumentTypeError("a key has only ASCII characters")
    return text


if __name__ == "__main__":
    sys.exit(main())
