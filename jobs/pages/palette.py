"""Colours that colour-blind readers tell apart: 4.5:1 contrast on the page's ground, light or dark.

Each is a property of the page's style with the light colour beside it, for a picture that is taken out of its page.
"""

INK = "var(--ink,#1d232a)"
MUTED = "var(--muted,#5a6470)"
GRID = "var(--grid,#e4e7ea)"
AXIS = "var(--axis,#98a1ab)"
PAPER = "var(--paper,#ffffff)"

BLUE = "var(--blue,#0b5cad)"
ORANGE = "var(--orange,#b3470a)"
TEAL = "var(--teal,#0a7266)"
PURPLE = "var(--purple,#7b4397)"

SERIES = (BLUE, ORANGE, TEAL, PURPLE)
"""Colours of lines, in order; a fifth line starts again with a dash."""
