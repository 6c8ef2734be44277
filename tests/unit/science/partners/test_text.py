"""Text of partners as numbers: any script, any size, the same numbers from arrays alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.science.partners.fit_text import FEWEST_TEXTS, fit_text
from jobs.science.partners.text import BUCKETS, LONGEST_TEXT, hashed, joined

SHOPS = [f"fresh fruit and bread number {n}, open on Sundays" for n in range(20)]
LURES = [f"prices far below the market, pay in advance only, offer {n}" for n in range(20)]


@pytest.fixture(scope="module")
def vectors():
    return fit_text([*SHOPS, *LURES], components=4)


def test_texts_of_two_kinds_lie_apart(vectors):
    numbers = vectors.transform(["fresh bread and fruit", "pay in advance only, far below market prices"])
    shops, lures = vectors.transform(SHOPS).mean(axis=0), vectors.transform(LURES).mean(axis=0)
    for own, other, one in ((shops, lures, numbers[0]), (lures, shops, numbers[1])):
        assert np.linalg.norm(one - own) < np.linalg.norm(one - other)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_any_text_in_any_script_becomes_finite_numbers_or_says_nothing(vectors, text):
    numbers = vectors.transform([text])[0]
    assert np.isfinite(numbers).all() or not hashed(text)[0].size
    buckets, counts = hashed(text)
    assert ((buckets >= 0) & (buckets < BUCKETS)).all()
    assert (counts >= 1).all()


def test_an_empty_text_says_nothing_and_a_megabyte_says_what_its_first_pages_say(vectors):
    page = ("We sell rings and watches. " * 1_000)[:LONGEST_TEXT]
    long = page + "x" * 1_000_000
    assert np.isnan(vectors.transform(["", "  \n "])).all()
    assert vectors.transform([long]).tolist() == vectors.transform([page]).tolist()


@pytest.mark.parametrize("text", ["Перлинна крамниця", "新鮮な魚と野菜", "متجر المجوهرات", "दुकान", "🛍️🛒🎁💍"])
def test_other_scripts_are_told_apart_from_themselves_shuffled(text):
    forward, back = set(hashed(text)[0].tolist()), set(hashed(text[::-1])[0].tolist())
    assert len(forward) > 3
    assert forward != back


def test_case_and_width_of_letters_make_no_difference():
    assert hashed("ＡＢＣ  def")[0].tolist() == hashed("abc DEF")[0].tolist()


def test_few_texts_or_equal_ones_teach_nothing():
    assert fit_text(SHOPS[: FEWEST_TEXTS - 1]) is None
    assert fit_text(["the same"] * 50) is None
    assert fit_text([""] * 50) is None


def test_parts_that_are_missing_leave_no_trace():
    assert joined(None, "", "a", None, "b") == "a b"
