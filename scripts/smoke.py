"""The smoke test: .venv/bin/python scripts/smoke.py URL. What it does: scripts/azure/smoke.py."""

import runpy
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])
runpy.run_module("scripts.azure.smoke", run_name="__main__")
