#!/usr/bin/env bash
# Name a container engine that answers, docker or podman; where none does, say so and end with 3.
for engine in ${CONTAINER_ENGINE:-docker podman}; do
  if command -v "$engine" >/dev/null && "$engine" info >/dev/null 2>&1; then echo "$engine"; exit 0; fi
done
echo "image: neither docker nor podman answers: start one, or install it ('sudo apt-get install podman runc netavark iptables');" \
  "everything else of netlift runs without" >&2
exit 3
