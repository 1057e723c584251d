"""The peer of the crawl benchmark: img2dataset, in an environment of its own."""

import json
import os
import resource
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.devhost.paths import ROOT

HOME = ROOT / ".local" / "bench" / "img2dataset"
PROCESSES, THREADS = 2, 32
QUIET = {"NO_ALBUMENTATIONS_UPDATE": "1", "WANDB_MODE": "disabled"}


def install() -> None:
    """Gets it from PyPI, once."""
    if not (HOME / "bin" / "img2dataset").exists():
        uv, python = str(ROOT / ".venv" / "bin" / "uv"), str(HOME / "bin" / "python")
        install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
        subprocess.run([uv, "venv", "--quiet", "--python", "3.11", str(HOME)], check=True)
        subprocess.run([*install, "img2dataset"], check=True)


def run(
    urls: Sequence[str], *, resize: bool, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What it takes for ``urls``: with its usual 256 pixels, or re-encoding alone."""
    with tempfile.TemporaryDirectory(prefix="pixcrawler-bench-") as directory:
        listed = Path(directory) / "urls.txt"
        listed.write_text("\n".join(urls))
        command = [
            str(HOME / "bin" / "img2dataset"), f"--url_list={listed}",
            f"--output_folder={directory}/out", "--output_format=webdataset",
            f"--processes_count={PROCESSES}", f"--thread_count={THREADS}", "--image_size=256",
            f"--resize_mode={'border' if resize else 'no'}", "--number_sample_per_shard=1000",
        ]  # fmt: skip
        before = _cpu()
        done = subprocess.run(command, env={**os.environ, **QUIET, **(environment or {})},
                              capture_output=True, text=True, check=False)  # fmt: skip
        if done.returncode:
            raise OSError(f"img2dataset failed: {done.stderr[-500:]}")
        stats = [json.loads(path.read_text()) for path in Path(directory).rglob("*_stats.json")]
    return {
        "images": sum(shard["successes"] for shard in stats),
        # From its first shard's beginning on: loading itself is not its work.
        "seconds": max(shard["end_time"] for shard in stats)
        - min(shard["start_time"] for shard in stats),
        "cpu_seconds": _cpu() - before,
    }


def _cpu() -> float:
    """CPU seconds of all children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
