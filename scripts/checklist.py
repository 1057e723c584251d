"""The list of a deployment: .venv/bin/python scripts/checklist.py STAGE URL."""

import runpy
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])
runpy.run_module("scripts.azure.checklist", run_name="__main__")
