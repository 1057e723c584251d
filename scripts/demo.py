"""``demo.sh``: one command from nothing to a dataset, checked against what is known to be true."""

import argparse
import json
import signal
import sys
from collections import Counter
from pathlib import Path

from scripts.arguments import COUNT
from scripts.crawl.api import Api, ApiError
from scripts.crawl.run import Order, crawl
from scripts.crawl.screen import plain_console, reason
from scripts.devhost.errors import StackError
from scripts.devhost.imageweb.catalogue import Catalogue, load
from scripts.devhost.paths import SHARED
from scripts.devhost.stack import LocalStack
from scripts.local_crawl import sign_in

INTERRUPTED = 130
KEYWORDS = 8


def main() -> int:
    """The exit code: 0 when the dataset is what it must be."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = _parse()
    console = plain_console()
    try:
        stack = LocalStack(SHARED / "demo")
        if stack.running:
            raise StackError("Another demo is running; wait for it to end.")
        with stack.start(say=console.print):
            catalogue = load()
            order = plan_order(catalogue, arguments.images, arguments.out)
            console.print(f"Crawling {', '.join(order.keywords)} from {stack.info.image_web_url}")
            with Api(stack.info.api_url) as api:
                sign_in(api, stack, credits=order.max_images)
                crawl(api, order, console)
        problems = compare(catalogue, order)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ApiError, StackError, OSError) as error:
        print(f"demo: {reason(error)}", file=sys.stderr)
        return 1
    for problem in problems:
        print(f"demo: {problem}", file=sys.stderr)
    if not problems:
        console.print("Every distinct good image is there once, and nothing else.")
        console.print(f"Open {order.out / 'preview.html'}")
    return 1 if problems else 0


def plan_order(catalogue: Catalogue, images: int | None, out: Path) -> Order:
    """Enough keywords for ``images`` images, or everything there is for the first eight."""
    keywords: list[str] = []
    available = 0
    for keyword in catalogue.keywords:
        if (images is None and len(keywords) == KEYWORDS) or (images and available >= images):
            break
        keywords.append(keyword)
        available += len(catalogue.truth(keyword).clusters)
    if images and images > available:
        raise ApiError(f"The image web has {available} images; ask for fewer than {images}.")
    # One more than there are, so that the crawl ends because it has seen everything.
    return Order(tuple(keywords), images or available + 1, out)


def compare(catalogue: Catalogue, order: Order) -> list[str]:
    """What the dataset has wrong; empty when it is exactly the truth."""
    rows = [json.loads(line) for line in (order.out / "metadata.jsonl").read_text().splitlines()]
    truths = {keyword: catalogue.truth(keyword) for keyword in order.keywords}
    found = Counter((row["label"], truths[row["label"]].cluster_of(row["sha256"])) for row in rows)
    expected = {(k, cluster) for k, truth in truths.items() for cluster in truth.clusters}
    problems = [f"“{k}” has an image that must not be there" for k, c in found if c is None]
    problems += [f"“{k}” has {c} {n} times" for (k, c), n in found.items() if n > 1]
    wanted = min(order.max_images, len(expected))
    if len(rows) != wanted:
        missing = sorted(expected - set(found))
        problems.append(f"{len(rows)} images instead of {wanted}; missing, e.g.: {missing[:5]}")
    problems += [
        f"{row['file_name']} is missing"
        for row in rows
        if not (order.out / row["file_name"]).is_file()
    ]
    return problems


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="demo.sh",
        description="Start the local stack, crawl real pictures for several keywords, check the "
        "dataset against the truth, and stop the stack again.",
    )
    parser.add_argument("--images", type=COUNT, metavar="N",
                        help="how many to keep (default: all of eight keywords)")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("demo-dataset"), metavar="DIR",
                        help="where the dataset goes (default: ./demo-dataset)")  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
