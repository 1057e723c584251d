#!/usr/bin/env bash
# Goes back to an earlier build: ./scripts/rollback.sh dev|staging|prod [COMMIT]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/bootstrap.sh
exec "$PYTHON" -m scripts.azure.rollback "$@"
