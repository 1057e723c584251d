"""Which build of the app this is."""

import json
from functools import cache
from pathlib import Path

from shared.platform import VERSION

# Beside the app's modules; scripts/azure/build.py writes it.
MANIFEST = Path(__file__).parents[2] / "build.json"


@cache
def build_version() -> str:
    """``0.1.0+1a2b3c4d5e6f`` with the commit that was built; ``0.1.0`` where nothing was."""
    try:
        commit: str = json.loads(MANIFEST.read_text())["commit"]
    except FileNotFoundError:
        return VERSION
    return f"{VERSION}+{commit[:12]}"
