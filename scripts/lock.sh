#!/usr/bin/env bash
# Locks the dependencies of pyproject.toml: requirements.txt (Azure), requirements-dev.txt (everything
# that runs here), tests/readers/*.txt (what tests read exports with).
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
  --no-emit-index-url --custom-compile-command ./scripts/lock.sh "$@"; }
compile -o requirements.txt pyproject.toml
compile --group dev -c requirements.txt -o requirements-dev.txt pyproject.toml
compile --group readers -o tests/readers/requirements.txt
compile --group training -o tests/readers/requirements-training.txt
