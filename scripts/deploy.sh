#!/usr/bin/env bash
# Deploys the current commit to Azure: ./scripts/deploy.sh dev|staging|prod [--what-if] [--yes] [--infra-only | --app-only]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/bootstrap.sh
exec "$PYTHON" -m scripts.azure.deploy "$@"
