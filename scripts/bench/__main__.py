"""``bench.sh``: runs one benchmark."""

import argparse
import json
import sys
from dataclasses import fields

from scripts.arguments import COUNT, number
from scripts.bench.api import bench_api
from scripts.bench.coldstart import bench_coldstart
from scripts.bench.crawl import Options, bench_crawl
from scripts.crawl.api import ApiError
from scripts.devhost.errors import StackError


def main() -> int:
    """The exit code: 0 when the benchmark ran to its end."""
    parser = argparse.ArgumentParser(prog="bench.sh", description=__doc__)
    benchmarks = parser.add_subparsers(dest="benchmark", required=True)
    crawl = benchmarks.add_parser("crawl", help="a whole crawl, beside img2dataset")
    crawl.add_argument("--images", type=COUNT, default=5000, metavar="N",
                       help="addresses to crawl (default: 5000)")  # fmt: skip
    crawl.add_argument("--rounds", type=COUNT, default=3, metavar="N", help="default: 3")
    crawl.add_argument("--thumbnails", action="store_true",
                       help="and the thumbnail of each image")  # fmt: skip
    crawl.add_argument("--alone", action="store_true", help="without img2dataset")
    crawl.add_argument("--small", action="store_true", help="pictures of about 20 KB")
    crawl.add_argument("--tls", action="store_true", help="the web speaks TLS")
    crawl.add_argument("--workers", type=COUNT, default=2, metavar="N",
                       help="worker processes of the host (default: 2)")  # fmt: skip
    coldstart = benchmarks.add_parser("coldstart", help="the import of the app against a bare one")
    coldstart.add_argument("--runs", type=COUNT, default=7, metavar="N", help="default: 7")
    api = benchmarks.add_parser("api", help="the API under load, beside FastAPI")
    api.add_argument(
        "--requests", type=number(int, 50), default=10_000, metavar="N", help="default: 10000"
    )
    api.add_argument("--soak", type=number(int, 0), default=0, metavar="SECONDS",
                     help="instead, a steady load of 50 requests a second for so long")  # fmt: skip
    stages = benchmarks.add_parser("stages", help="where the time of a crawl goes")
    stages.add_argument("--images", type=COUNT, default=1000, metavar="N", help="default: 1000")
    stages.add_argument("--sizes", type=COUNT, nargs="+", default=[10**3, 10**4, 10**5, 10**6],
                        metavar="N", help="images of a job (default: 10³ to 10⁶)")  # fmt: skip
    scale = benchmarks.add_parser(
        "scale", help="the orchestration alone, at growing sizes and with 1,000 users"
    )
    scale.add_argument("--images", type=COUNT, nargs="+", default=[10**3, 10**4, 10**5, 10**6],
                       metavar="N", help="default: 10³ to 10⁶")  # fmt: skip
    scale.add_argument("--users", type=COUNT, default=1000, metavar="N",
                       help="users at once, one in 50 with millions (default: 1000)")  # fmt: skip
    export = benchmarks.add_parser("export", help="an export, beside a bare loop")
    export.add_argument("--images", type=COUNT, default=20_000, metavar="N", help="default: 20000")
    export.add_argument("--large", action="store_true",
                        help="pictures of about 150 KB instead of 20")  # fmt: skip
    arguments = parser.parse_args()
    try:
        if arguments.benchmark == "coldstart":
            figures = bench_coldstart(arguments.runs)
        elif arguments.benchmark == "stages":
            from scripts.bench.stages import bench_stages  # with the app

            figures = bench_stages(arguments.images, arguments.sizes)
        elif arguments.benchmark == "scale":
            from scripts.bench.scale import bench_scale  # with the function app

            figures = bench_scale(arguments.images, arguments.users)
        elif arguments.benchmark == "export":
            from scripts.bench.export import bench_export  # with the app

            figures = bench_export(arguments.images, small=not arguments.large)
        elif arguments.benchmark == "api":
            figures = bench_api(arguments.requests, arguments.soak)
        else:
            chosen = {field.name: getattr(arguments, field.name) for field in fields(Options)}
            figures = bench_crawl(Options(**chosen))
        print(json.dumps(figures))
    except KeyboardInterrupt:
        return 130
    except (ApiError, StackError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
