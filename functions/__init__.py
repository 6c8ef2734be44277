"""Lambda handlers: parse, call one job, answer."""
