"""The web of the crawl benchmark, in a process of its own: files of one directory, nothing else."""

import argparse
import ssl
from pathlib import Path

import uvloop
from aiohttp import web


def main() -> None:
    """Serves until it is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--certificate", type=Path, help="with its key: serve over TLS")
    arguments = parser.parse_args()
    tls = None
    if arguments.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(arguments.certificate)
    app = web.Application()
    app.router.add_static("/", arguments.directory)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=arguments.port, ssl_context=tls, print=None,
                access_log=None)  # fmt: skip


if __name__ == "__main__":
    main()
