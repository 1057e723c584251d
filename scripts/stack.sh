#!/usr/bin/env bash
# The local stack: ./scripts/stack.sh up|down|status
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/bootstrap.sh
exec "$PYTHON" -m scripts.devhost.stack "$@"
