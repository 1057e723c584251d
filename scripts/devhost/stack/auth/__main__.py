"""`python -m scripts.devhost.stack.auth`: serve the stand-in; DATABASE_URL names the database."""

import argparse
import os
from pathlib import Path

from aiohttp import web

from scripts.devhost.stack.auth.keys import Keys
from scripts.devhost.stack.auth.server import application


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.devhost.stack.auth", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True, help="where the keys are kept")
    parser.add_argument(
        "--legacy-jwt", action="store_true", help="sign with the shared secret, publish no key"
    )
    options = parser.parse_args()
    base_url = f"http://127.0.0.1:{options.port}"
    keys = Keys.load(options.directory, legacy=options.legacy_jwt)
    app = application(keys, os.environ["DATABASE_URL"], base_url)
    web.run_app(app, host="127.0.0.1", port=options.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
