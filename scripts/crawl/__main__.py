"""``python -m scripts.crawl``: keywords in, a folder of images out of a service that is named.

``crawl.sh`` is this and the local stack where none is named (`scripts/local_crawl.py`).
"""

import argparse
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from unicodedata import category

import httpx
from rich.console import Console

from scripts.crawl.api import Api, ApiError
from scripts.crawl.run import Order, crawl
from scripts.crawl.screen import plain_console, reason

INTERRUPTED = 130  # what shells report for a program ended by Ctrl-C
# A client of the local service, signed in as somebody who can pay for so many images.
OpenLocal = Callable[[Console, int], AbstractContextManager[Api]]


def main(open_local: OpenLocal | None = None) -> int:
    """The exit code: 0 when the crawl completed. Who names no service gets the local one."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = _parser(has_local=open_local is not None)
    arguments = parser.parse_args()
    if bool(arguments.api_url) != bool(arguments.api_key):
        parser.error("--api-url and --api-key go together")
    if not arguments.api_url and open_local is None:
        parser.error("--api-url and --api-key are needed")
    console = plain_console()
    order = Order(
        keywords=tuple(arguments.keywords),
        max_images=arguments.max_images,
        out=arguments.out,
        sources=tuple(arguments.source or ()),
    )
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        service = (
            Api(arguments.api_url, key=arguments.api_key)
            if open_local is None or arguments.api_url
            else open_local(console, arguments.max_images)
        )
        with service as api:
            crawl(api, order, console)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ApiError, OSError) as error:
        print(f"crawl: {reason(error)}", file=sys.stderr)
        return 1
    return 0


def _parser(*, has_local: bool) -> argparse.ArgumentParser:
    local = (
        " Without --api-url the local stack is used; it is started, and stopped again, when it is "
        "not up."
    )
    parser = argparse.ArgumentParser(
        prog="crawl.sh" if has_local else "python -m scripts.crawl",
        description="Crawl images for keywords and save them as a dataset."
        + (local if has_local else ""),
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
    return parser


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
