#!/usr/bin/env bash
# Locks the dependencies of pyproject.toml into requirements.txt (Azure) and requirements-dev.txt (everything).
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
  --no-emit-index-url --custom-compile-command ./scripts/lock.sh "$@" pyproject.toml; }
compile -o requirements.txt
compile --group dev -c requirements.txt -o requirements-dev.txt
