"""The import of the app against the bare import of the packages that any such app needs."""

import os
import statistics
import subprocess
import sys
import tempfile
from typing import Any

from scripts.devhost.paths import ROOT

BARE = "import azure.functions, azure.durable_functions, pydantic"
APP = "import function_app"
HOST = {
    "FUNCTIONS_WORKER_RUNTIME": "python",
    "DATABASE_URL": "postgresql://localhost/x",
    "SUPABASE_URL": "http://localhost",
    "SUPABASE_ANON_KEY": "x",
    "SUPABASE_SERVICE_ROLE_KEY": "x",
    "API_KEY_PEPPER": "x",
    "AZURE_STORAGE_CONNECTION_STRING": "x",
}
MEASURE = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"


def bench_coldstart(runs: int) -> dict[str, Any]:
    """Medians of alternating imports, each in a process of its own, byte code in the page cache.

    In a host the settings are read and checked as well; nothing is connected to.
    """
    with tempfile.TemporaryDirectory(prefix="pixcrawler-bench-") as cache:
        python = {"PATH": os.environ["PATH"], "PYTHONPYCACHEPREFIX": cache}
        kinds = {"bare": (BARE, python), "app": (APP, python), "in_host": (APP, python | HOST)}
        seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
        for run in range(runs + 1):
            for kind, (statement, environment) in kinds.items():
                taken = _seconds(statement, environment)
                if run:  # the first one compiles
                    seconds[kind].append(taken)
    medians = {kind: statistics.median(values) for kind, values in seconds.items()}
    return {
        "benchmark": "coldstart",
        "runs": runs,
        **{f"{kind}_seconds": round(median, 3) for kind, median in medians.items()},
        "ratio": round(medians["app"] / medians["bare"], 2),
        "ratio_in_host": round(medians["in_host"] / medians["bare"], 2),
    }


def _seconds(statement: str, environment: dict[str, str]) -> float:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(statement)],
        capture_output=True, text=True, check=True, env=environment, cwd=ROOT,
    )  # fmt: skip
    return float(done.stdout)
