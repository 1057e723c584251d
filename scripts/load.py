"""Load on a deployment: .venv/bin/python scripts/load.py URL. See scripts/azure/load.py."""

import runpy
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])
runpy.run_module("scripts.azure.load", run_name="__main__")
