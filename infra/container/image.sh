#!/usr/bin/env bash
# Build the image with docker or podman; with an address, push it there and print the address by digest.
# usage: image.sh [IMAGE_URI]
# BASE_IMAGE=... another base; PIP_CONFIG_FILE=FILE says where packages come from, if not from PyPI, and PIP_CERT=FILE
# which certificates are good there: both are pip's own variables, and are given to the build as secrets
set -euo pipefail
cd "$(dirname "$0")/../.."
image_uri=${1:-}
base=${BASE_IMAGE:-public.ecr.aws/lambda/python:3.12}

say() { echo "image: $*" >&2; }

engine=$(bash infra/container/engine.sh)

if [ -z "${BASE_IMAGE:-}" ]; then
  # by its digest, so that the image says what it was built on
  "$engine" pull --quiet --platform linux/amd64 "$base" >/dev/null ||
    { say "$base cannot be fetched: is the registry reachable? BASE_IMAGE=... names another base, a mirror's for example"; exit 1; }
  base=$("$engine" image inspect --format '{{index .RepoDigests 0}}' "$base")
fi

secrets=()
for config in "${PIP_CONFIG_FILE:-}" "$HOME/.config/pip/pip.conf" /etc/pip.conf; do
  if [ -n "$config" ] && [ -f "$config" ]; then secrets+=(--secret "id=pip,src=$config"); break; fi
done
for bundle in "${PIP_CERT:-}" "${SSL_CERT_FILE:-}"; do
  if [ -n "$bundle" ] && [ -f "$bundle" ]; then secrets+=(--secret "id=ca,src=$bundle"); break; fi
done

tag=${image_uri:-netlift:local}
say "building $tag on $base with $engine"
"$engine" build --quiet --platform linux/amd64 --network host --build-arg "BASE_IMAGE=$base" "${secrets[@]}" \
  --label "org.opencontainers.image.base.name=$base" --file infra/container/Dockerfile --tag "$tag" . >/dev/null
say "$tag is built: $("$engine" image inspect --format '{{.Size}}' "$tag" | awk '{printf "%.0f MB", $1 / 1e6}')"
[ -n "$image_uri" ] || exit 0

case $image_uri in
  *.dkr.ecr.*.amazonaws.com*) .venv/bin/python -m infra.container.login "$image_uri" |
    "$engine" login --username AWS --password-stdin "${image_uri%%/*}" >/dev/null ;;
esac
"$engine" push --quiet "$tag" >/dev/null
by_digest=$("$engine" image inspect --format '{{index .RepoDigests 0}}' "$tag")
say "pushed; deploy with IMAGE_URI=$by_digest"
echo "$by_digest"
