"""Run the local Functions host: python -m scripts.devhost --help."""

import sys

from scripts.devhost.host import worker_library
from scripts.devhost.host.errors import HostError


def main() -> int:
    """Run the command line, unless the worker library is missing; the exit code."""
    try:
        worker_library.check()
        from scripts.devhost.host import cli  # imports the library's messages
    except HostError as error:
        print(error, file=sys.stderr)
        return 1
    return cli.main()


sys.exit(main())
