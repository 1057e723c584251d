"""The import of the app against the bare import of the packages that any such app needs."""

import os
import statistics
import subprocess
import sys
from typing import Any

BARE = "import azure.functions, azure.durable_functions, pydantic"
APP = "import function_app"
MEASURE = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"


def bench_coldstart(runs: int) -> dict[str, Any]:
    """Medians of alternating imports, each in a process of its own, files in the page cache."""
    _seconds(APP)
    bare, app = [], []
    for _ in range(runs):
        bare.append(_seconds(BARE))
        app.append(_seconds(APP))
    return {
        "benchmark": "coldstart",
        "runs": runs,
        "bare_seconds": round(statistics.median(bare), 3),
        "app_seconds": round(statistics.median(app), 3),
        "ratio": round(statistics.median(app) / statistics.median(bare), 2),
    }


def _seconds(statement: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(statement)],
        capture_output=True, text=True, check=True, env=os.environ,
    )  # fmt: skip
    return float(done.stdout)
