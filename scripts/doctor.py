"""The doctor: .venv/bin/python scripts/doctor.py. What it does: scripts/azure/doctor.py."""

import runpy
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])
runpy.run_module("scripts.azure.doctor", run_name="__main__")
