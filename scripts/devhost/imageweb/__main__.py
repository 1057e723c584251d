"""`python -m scripts.devhost.imageweb`: serve the image web on loopback."""

import sys

from aiohttp import web

from scripts.devhost.errors import StackError
from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.imageweb.options import parser
from scripts.devhost.imageweb.server import application


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


if __name__ == "__main__":
    sys.exit(main())
