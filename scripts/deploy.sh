#!/usr/bin/env bash
# Deploys the current commit to Azure: ./scripts/deploy.sh dev|staging|prod [--yes] [--what-if | --infra-only | --app-only]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/bootstrap.sh
exec "$PYTHON" -m scripts.azure.deploy "$@"
