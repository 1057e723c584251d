"""The smoke test on a running deployment: a whole way, as somebody who exists already."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.devhost.stack import LocalStack
from scripts.devhost.stack.app_settings import ORIGINS

ROOT = Path(__file__).parents[2]


STRANGER = "https://stranger.example"


@pytest.mark.parametrize(
    ("origin", "code", "said"),
    [
        (ORIGINS, 0, "ok    the frontend's origin"),
        (STRANGER, 1, f"FAIL  the frontend's origin: {STRANGER} may not call"),
    ],
)
def test_tries_what_a_frontend_needs(stack: LocalStack, origin: str, code: int, said: str) -> None:
    user = stack.info.users[0]
    ended = subprocess.run(
        [sys.executable, "scripts/smoke.py", stack.info.api_url, "--origin", origin],
        env=os.environ | {"SMOKE_EMAIL": user.email, "SMOKE_PASSWORD": user.password},
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    output = ended.stdout + ended.stderr
    assert ended.returncode == code, output
    assert said in output
    if code == 0:
        assert "ok    requests are counted" in output
        assert "ok    the frontend's calls" in output
        assert "Everything works." in output
