#!/usr/bin/env bash
# Build the image and let SAM run it here: on the real base where it can be fetched, on a stand-in where it cannot.
set -euo pipefail
cd "$(dirname "$0")/../.."
say() { echo "sam-local: $*" >&2; }

engine=$(bash infra/container/engine.sh) || exit $?
export CONTAINER_ENGINE=$engine
if ! "$engine" pull --quiet --platform linux/amd64 public.ecr.aws/lambda/python:3.12 >/dev/null 2>&1 && [ -z "${BASE_IMAGE:-}" ]; then
  say "public.ecr.aws cannot be reached: the base is a stand-in made of this machine's Python 3.12, good for trying only"
  made_from=$(cat infra/container/stand_in.sh infra/packages/runtime.lock | cksum | cut -d' ' -f1)
  export BASE_IMAGE=localhost/netlift-base:$made_from
  "$engine" image inspect "$BASE_IMAGE" >/dev/null 2>&1 || bash infra/container/stand_in.sh "$engine" "$BASE_IMAGE"
fi
bash infra/container/image.sh

# what the image promises of itself, asked of the image
"$engine" run --rm --interactive netlift:local python - <infra/container/check_image.py

# sam puts its emulator into a layer of its own with the image's user, who may not: it gets the same image as root
printf 'FROM netlift:local\nUSER 0\n' | "$engine" build --quiet --tag netlift:sam - >/dev/null
exec .venv/bin/python -m infra.container.sam_local netlift:sam
