"""The directories of the clone that the local host, the stack and the image web work in."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
# Downloads and the built image web are the same for every stack of a clone.
SHARED: Final = ROOT / ".local"
