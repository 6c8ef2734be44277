"""Experiments: checks of a randomised trial."""
