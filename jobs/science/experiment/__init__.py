"""Experiments: drawn by digests, planned, read from aggregates; see docs/experiments.md."""
