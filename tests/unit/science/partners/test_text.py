"""Text of partners as numbers: any script, any size, the same numbers from arrays alone."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.science.partners.fit_text import fit_text
from jobs.science.partners.text import BUCKETS, COLUMN, LONGEST_TEXT, hashed, joined

SHOPS = [f"fresh fruit and bread number {n}, open on Sundays" for n in range(20)]
LURES = [f"prices far below the market, pay in advance only, offer {n}" for n in range(20)]


@pytest.fixture(scope="module")
def vectors():
    return fit_text([*SHOPS, *LURES], [0.0] * 20 + [0.4] * 20, components=4).risk


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_any_text_in_any_script_becomes_finite_numbers_or_says_nothing(vectors, text):
    number = vectors.transform([text])[0]
    assert np.isfinite(number) == (hashed(text)[0].size > 0)
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


def test_rows_get_one_number_each_and_one_of_nothing_where_there_is_no_text(vectors):
    rows = pa.table({"partner_id": ["a", "b", "c", "a"]})
    found = vectors.append(rows, [SHOPS[0], "", LURES[0], SHOPS[0]])[COLUMN].to_pylist()
    assert found[0] == found[3] < found[2]
    assert np.isnan(found[1])


def test_parts_that_are_missing_leave_no_trace():
    assert joined(None, "", "a", None, "b") == "a b"
