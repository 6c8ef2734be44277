"""Every colour of words and marks is readable on the page's paper, light and dark, and the style knows each."""

import re

import pytest

from jobs.pages import palette
from jobs.pages.rendering import render

BADGES = ("alarm", "watch", "stable")
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+):(#[0-9a-f]+)", part))
    for part in re.findall(r":root\{(.*?)\}", render("style.css.j2"), flags=re.DOTALL)
)


def luminance(colour: str) -> float:
    """WCAG's relative luminance."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_words_and_marks_are_readable(scheme: dict[str, str]) -> None:
    for name in ("ink", "muted", "blue", "orange", "teal", "purple", *BADGES):
        assert contrast(scheme[name], scheme["paper"]) >= 4.5, name
    for name in ("ink", "muted", "blue"):
        assert contrast(scheme[name], scheme["ground"]) >= 4.5, name
    for name in BADGES:
        assert contrast(scheme[name], scheme[f"{name}-soft"]) >= 4.5, name


def test_the_style_knows_each_colour_of_a_picture_and_a_picture_the_light_one() -> None:
    for name in ("INK", "MUTED", "GRID", "AXIS", "PAPER", "BLUE", "ORANGE", "TEAL", "PURPLE"):
        found = re.fullmatch(r"var\(--(\w+),(#[0-9a-f]{6})\)", getattr(palette, name))
        assert found, name
        assert luminance(LIGHT[found[1]]) == luminance(found[2])
        assert found[1] in DARK
