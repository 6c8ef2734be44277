"""Colours that colour-blind readers tell apart and that keep 4.5:1 contrast on white."""

INK = "#1d232a"
MUTED = "#5a6470"
GRID = "#e4e7ea"
AXIS = "#98a1ab"
PAPER = "#ffffff"

BLUE = "#0b5cad"
ORANGE = "#b3470a"
TEAL = "#0a7266"
PURPLE = "#7b4397"

SERIES = (BLUE, ORANGE, TEAL, PURPLE)
"""Colours of lines, in order; a fifth line starts again with a dash."""
