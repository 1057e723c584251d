#!/usr/bin/env bash
# Checks and starts everything for development; Ctrl-C stops it: ./scripts/start-dev.sh --help
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/bootstrap.sh
exec "$PYTHON" -m scripts.dev "$@"
