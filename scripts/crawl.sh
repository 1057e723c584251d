#!/usr/bin/env bash
# Crawls a dataset: ./scripts/crawl.sh KEYWORD... --max-images N --out DIR
set -euo pipefail
# Relative paths in the arguments are the caller's, so the directory stays.
source "$(dirname "$0")/bootstrap.sh"
PYTHONPATH="$PROJECT" exec "$PYTHON" -m scripts.local_crawl "$@"
