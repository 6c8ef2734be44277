"""Tests: unit mirrors the source, then contract, e2e, faults and bench."""
