"""Elements are escaped, whole numbers stay short, and what cannot be drawn is refused."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.pages.svg import element, picture, shortened, text, text_width, wrapped

letters = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="￾￿"), max_size=40)


@settings(deadline=None)
@given(letters, letters)
def test_any_text_and_attribute_comes_back_as_it_was(words: str, value: str) -> None:
    root = ET.fromstring(element("text", words or "-", class_=value))
    assert root.text == (words or "-")
    assert " ".join(root.attrib["class"].split()) == " ".join(value.split())


def test_numbers_keep_two_decimals_and_no_minus_zero() -> None:
    assert element("line", x1=1.005e-9, x2=-0.001, y1=12.3456, y2=100, stroke=None) == (
        '<line x1="0" x2="0" y1="12.35" y2="100"/>'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_cannot_be_drawn_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        element("line", x1=value)


def test_a_picture_is_named_for_those_who_cannot_see_it() -> None:
    root = ET.fromstring(picture("A <title>", "What is seen", 10, 20))
    assert (root.attrib["role"], root.attrib["aria-label"]) == ("img", "A <title>")
    assert [(e.tag, e.text) for e in root] == [("title", "A <title>"), ("desc", "What is seen")]
    assert ET.fromstring(picture("", "", 10, 20, label=False)).attrib["aria-hidden"] == "true"


def test_a_halo_lies_under_the_letters() -> None:
    assert 'paint-order="stroke"' in text("words", 0, 0, halo=True)


@settings(deadline=None)
@given(letters, st.floats(20, 300))
def test_shortened_and_wrapped_text_fits(words: str, width: float) -> None:
    assert text_width(shortened(words, width)) <= max(width, text_width("…"))
    rows = wrapped(words, width)
    assert len(rows) <= 2
    assert all(text_width(row) <= width for row in rows)


def test_text_that_fits_is_left_alone() -> None:
    assert wrapped("two words", 300) == ["two words"]
    assert wrapped("two words", 45) == ["two", "words"]
