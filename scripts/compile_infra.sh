#!/usr/bin/env bash
# Lints infra/ and writes infra/compiled/, what each environment would deploy: ./scripts/compile_infra.sh [--check]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/bootstrap.sh
exec "$PYTHON" -m scripts.azure.compiled "$@"
