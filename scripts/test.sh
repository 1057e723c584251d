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
tests=("$PYTHON" -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder)
if [ $# -gt 0 ]; then
  exec "${tests[@]}" "$@" # of two options of a kind pytest takes the last
fi
rm -rf .local/coverage
"${tests[@]}" -p tests.measuring
exec "$PYTHON" -m scripts.floors
