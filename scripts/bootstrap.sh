#!/usr/bin/env bash
# Makes .venv with everything in requirements-dev.txt; quick when nothing changed.
# Sourced by the other scripts, which then run "$PYTHON".
set -euo pipefail

PROJECT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="${PIXCRAWLER_VENV:-$PROJECT/.venv}"  # another one is for tests on another Python
PYTHON="$VENV/bin/python"

die() { echo "$*" >&2; exit 1; }

# An interpreter that really runs (a pyenv shim may not): what Azure runs, if it can make an
# environment, else one that is new and old enough.
find_python() {
  local candidate probe
  for probe in 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 13))' \
    'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'; do
    for candidate in python3 python3.13 python3.12 python3.11 python; do
      if "$candidate" -c "$probe" 2>/dev/null; then
        echo "$candidate"
        return
      fi
    done
  done
  return 1
}

# Whether so little is left that an installation cannot go on: then not even the log says so.
disk_is_full() {
  local free
  free="$(df -Pk "$PROJECT" 2>/dev/null | { read -r _; read -r _ _ _ free _ && echo "$free"; })" || return 1
  ((free < 51200))
}

# Runs a step quietly; when it fails, says why in one sentence and where to read more.
step() {
  local sentence="$1" log="$PROJECT/.local/log/bootstrap.log"
  shift
  mkdir -p "$PROJECT/.local/log" 2>/dev/null && : >"$log" 2>/dev/null ||
    die "Cannot write to $PROJECT/.local: the disk is full or the directory is read-only."
  "$@" >"$log" 2>&1 && return
  if disk_is_full || grep -qi -e 'no space left' -e 'disk quota' "$log"; then
    die "The disk is full: $sentence."
  elif grep -qiE 'resolve host|name resolution|dns error|connection refused|network is unreachable|timed out|connect error|error sending request|newconnectionerror' "$log"; then
    die "The package registry cannot be reached: $sentence (see $log)."
  fi
  die "The installation failed: $sentence (see $log)."
}

bootstrap() {
  local python wanted stamp="$VENV/.requirements"
  if ! "$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
    python="$(find_python)" ||
      die "PixCrawler needs Python 3.11, 3.12 or 3.13, and none was found on the PATH."
    echo "Making the virtual environment .venv with $("$python" --version)"
    rm -rf "$VENV"
    step "could not make .venv (on Debian, python3-venv must be installed)" \
      "$python" -m venv "$VENV"
  fi
  wanted="$(cksum <"$PROJECT/requirements-dev.txt")"
  if [[ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]]; then
    echo "Installing the Python packages, once (see .local/log/bootstrap.log)"
    [[ -x "$VENV/bin/uv" ]] || step "could not install uv" \
      "$PYTHON" -m pip install --quiet --disable-pip-version-check \
      "$(grep -o '^uv==[0-9.]*' "$PROJECT/requirements-dev.txt")"
    step "could not install requirements-dev.txt" \
      "$VENV/bin/uv" pip install --quiet --python "$PYTHON" \
      -r "$PROJECT/requirements-dev.txt"
    if "$PYTHON" -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then
      # Azure's worker asks for 3.13 and runs on 3.11 too, but uv takes it at its word.
      step "could not install Azure's worker library" \
        "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-deps \
        --ignore-requires-python \
        $(grep -oE '^azure-functions-runtime(-v1)?==[0-9.]+' "$PROJECT/requirements-dev.txt")
    fi
    echo "$wanted" >"$stamp" || die "The disk is full: could not write into .venv."
  fi
}

bootstrap
