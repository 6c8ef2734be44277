#!/usr/bin/env bash
# Resolve the locks of the packages anew, from the versions of requirements.lock: a hash for every file, no index address.
set -euo pipefail
cd "$(dirname "$0")/../.."
options=(--universal --fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links
  --python-version 3.11 --quiet --custom-compile-command "make lock")
.venv/bin/uv pip compile pyproject.toml infra/container/requirements.in "${options[@]}" \
  --constraint requirements.lock -o infra/container/requirements.lock
# as the runtime has them: netlift's own versions do not bind it
.venv/bin/uv pip compile infra/packages/runtime.in "${options[@]}" -o infra/packages/runtime.lock
# the Python package of LightGBM asks for scipy and narwhals; its library does not
.venv/bin/uv pip compile infra/packages/scoring.in "${options[@]}" \
  --constraint requirements.lock --no-emit-package scipy --no-emit-package narwhals -o infra/packages/scoring.lock
