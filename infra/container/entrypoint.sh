#!/bin/sh
# One image, two callers: Lambda names a handler, AWS Batch (which cannot replace an entry point) a program.
case "$1" in
  python) shift; exec /var/lang/bin/python3.12 "$@" ;;
  *) exec /lambda-entrypoint.sh "$@" ;;
esac
