#!/usr/bin/env bash
# Crawls a dataset on the local stack and checks it: ./scripts/demo.sh [--images N]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/bootstrap.sh
exec "$PYTHON" -m scripts.demo "$@"
