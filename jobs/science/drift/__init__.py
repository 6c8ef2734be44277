"""Drift: how far a batch is from the profile of its model."""
