"""Uplift: fitted with EconML, judged on untouched rows, scored without it."""
