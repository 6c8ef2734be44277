#!/usr/bin/env bash
# Make an environment from a lock: every package with its hash. usage: install.sh ENVIRONMENT LOCK
set -euo pipefail
cd "$(dirname "$0")/../.."
environment=$1 lock=$2

say() { echo "install: $*" >&2; }

works() { # a Python that really runs (a version manager may leave dead names on PATH), 3.11 to 3.13
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

find_python() {
  for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
    if works "$candidate"; then echo "$candidate"; return; fi
  done
  say "no Python 3.11 to 3.13 was found (python3 is $(python3 --version 2>&1 || true)): install one, for example" \
    "'sudo apt-get install python3.11 python3.11-venv' or 'brew install python@3.12', or name it: PYTHON=/path/to/python make install"
  exit 1
}

if ! works "$environment/bin/python"; then
  python=$(find_python)
  if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    say "$python has no venv module: install it with 'sudo apt-get install python$version-venv', then run the command again"
    exit 1
  fi
  say "making $environment with $("$python" --version)"
  rm -rf "$environment"
  "$python" -m venv "$environment"
fi

if [ ! -x "$environment/bin/uv" ]; then
  # pip installs uv alone, from the lock's own lines with their hashes; uv installs the rest in seconds.
  only_uv=$(mktemp)
  trap 'rm -f "$only_uv"' EXIT
  awk '/^uv==/{on=1} on{print} on && !/\\$/{exit}' requirements.lock >"$only_uv"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$only_uv" ||
    { say "pip could not install uv: is a package index reachable? (pip config list shows which is used)"; exit 1; }
fi

say "installing $lock"
if [ "$lock" = requirements.lock ]; then
  "$environment/bin/uv" pip sync --quiet --require-hashes --python "$environment/bin/python" "$lock"
  "$environment/bin/uv" pip install --quiet --python "$environment/bin/python" --no-deps --no-build-isolation --editable .
  "$environment/bin/python" infra/tools/mend_libgomp.py
else
  "$environment/bin/uv" pip install --quiet --require-hashes --python "$environment/bin/python" -r "$lock"
fi
say "$environment is ready"
