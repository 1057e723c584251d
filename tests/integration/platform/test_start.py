"""An app without its settings does not start, and says what it lacks."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
REQUIRED = (
    "DATABASE_URL",
    "SUPABASE_URL",
    "SUPABASE_ANON_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
    "API_KEY_PEPPER",
)


def test_names_all_that_is_wrong_and_ends() -> None:
    environment = {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "PIXCRAWLER_ENVIRONMENT": "production",
        "DEBUG": "true",
        "DATABASE_POOL_SIZE": "s3cret",
    }
    ended = subprocess.run(
        [sys.executable, "-c", "import function_app"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode != 0
    message = ended.stderr.splitlines()[-1]
    for name in REQUIRED:
        assert f"{name}: missing" in message
    assert "DEBUG: " in message
    assert "DATABASE_POOL_SIZE: " in message
    assert "s3cret" not in ended.stderr
