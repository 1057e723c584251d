#!/usr/bin/env bash
# The tests with chance in them, at full number, which takes an hour and more:
# ./scripts/chaos.sh [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/bootstrap.sh
[ $# -gt 0 ] || set -- tests/chaos tests/unit/orchestrations tests/unit/imaging tests/security \
  tests/integration/crawl tests/integration/datasets tests/integration/locks \
  tests/integration/usage
PIXCRAWLER_TEST_SCALE=full exec "$PYTHON" -m pytest --durations=0 --durations-min=5 \
  --numprocesses 2 --dist worksteal "$@"
