"""Whole nights on the local cloud."""
