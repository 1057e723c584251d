"""Run the local Functions host: python -m scripts.devhost --help."""

import sys

from scripts.devhost.host.cli import main

sys.exit(main())
