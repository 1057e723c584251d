"""The load on a running deployment, as somebody who exists already."""

import os
import re
import subprocess
import sys
from pathlib import Path

from scripts.azure.thresholds import of_p95
from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack

ROOT = Path(__file__).parents[2]


def test_load_ends_with_what_its_figures_mean(stack: LocalStack) -> None:
    user = stack.info.users[1]
    ended = subprocess.run(
        [sys.executable, "scripts/load.py", stack.info.api_url, "--seconds", "10", "--per-second",
         "10"],
        env=os.environ | {"SMOKE_EMAIL": user.email, "SMOKE_PASSWORD": user.password},
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    figures = re.search(r"100 requests: .*p95 ([\d.]+) ms, .* 0\.00% failed", ended.stdout)
    assert figures, ended.stdout + ended.stderr
    assert ended.returncode == of_p95(float(figures[1]))
    with Api(stack.info.api_url) as api:
        api.sign_in(user.email, user.password)
        assert [p for p in api.every("projects") if p["name"] == "load"] == []
