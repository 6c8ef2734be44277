"""One suite a port, run on both homes."""
