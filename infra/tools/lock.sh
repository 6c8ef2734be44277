#!/usr/bin/env bash
# Resolve the locks anew: a hash for every package, Linux and macOS, Python 3.11 to 3.13, no index address.
set -euo pipefail
cd "$(dirname "$0")/../.."
options=(--universal --fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links
  --python-version 3.11 --quiet --custom-compile-command "make lock")
.venv/bin/uv pip compile pyproject.toml --group dev "${options[@]}" -o requirements.lock
.venv/bin/uv pip compile infra/tools/tools.in "${options[@]}" -o requirements-tools.lock
.venv/bin/uv pip compile infra/tools/spark.in "${options[@]}" -o infra/tools/spark.lock
.venv/bin/uv pip compile infra/tools/checkov.in "${options[@]}" -o infra/tools/checkov.lock
