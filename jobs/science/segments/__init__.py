"""Customer segments: what customers do in features, clusters only where there are any, names, sizes over time."""
