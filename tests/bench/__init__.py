"""One module a promise: python -m tests.bench.<name> prints one JSON object."""
