#!/usr/bin/env bash
# Measures, one JSON line: ./scripts/bench.sh crawl --images N
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/bootstrap.sh >&2
exec "$PYTHON" -m scripts.bench "$@"
