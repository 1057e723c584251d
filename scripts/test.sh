#!/usr/bin/env bash
# Lint, types, import rules and tests: ./scripts/test.sh [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/bootstrap.sh
export PATH="$PROJECT/.venv/bin:$PATH"
ruff check --quiet .
ruff format --quiet --check .
mypy --no-error-summary
lint-imports --no-cache
# All tests take turns on few cores: most of their time they wait for processes they have killed.
[ $# -gt 0 ] || set -- --numprocesses 3 --dist loadfile --no-loadscope-reorder
exec "$PYTHON" -m pytest "$@"
