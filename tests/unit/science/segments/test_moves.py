"""The migration table counts every customer of either date once; sizes drift by effect, not by chance."""

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.science.fraud.engine import Limits
from jobs.science.segments.moves import Move, open_moves, size_drift, stayed_share

SEGMENTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3), max_size=8)


def _rows(segments):
    return pa.table(
        {"customer_id": pa.array(list(segments), pa.string()), "segment": pa.array(list(segments.values()), pa.int64())}
    )


@settings(max_examples=60, deadline=None)
@given(SEGMENTS, SEGMENTS)
def test_moves_are_those_of_a_plain_loop(before, after):
    with open_moves(Limits(threads=1)) as moves:
        moves.add_before(_rows(before))
        moves.add_after(_rows(dict(list(after.items())[:3])))
        moves.add_after(_rows(dict(list(after.items())[3:])))
        found = moves.moves()
    expected = Counter((before.get(c), after.get(c)) for c in {*before, *after})
    assert {(m.before, m.after): m.customers for m in found} == expected


def test_new_and_gone_customers_do_not_count_as_staying_or_moving():
    moves = [Move(1, 1, 30), Move(1, 2, 10), Move(None, 1, 99), Move(2, None, 99)]
    assert stayed_share(moves) == 0.75
    assert stayed_share([Move(None, 1, 5)]) is None


def test_equal_sizes_are_stable_and_half_a_segment_gone_is_an_alarm():
    assert size_drift({1: 600, 2: 400}, {1: 600, 2: 400}).psi == pytest.approx(0, abs=1e-6)
    assert size_drift({1: 6_000, 2: 4_000}, {1: 8_000, 2: 2_000}).level == "watch"
    assert size_drift({1: 6_000, 2: 4_000}, {1: 9_000, 2: 1_000}).level == "alarm"


def test_a_segment_that_is_new_counts_and_few_customers_do_not_alarm():
    assert size_drift({1: 10_000}, {1: 5_000, 2: 5_000}).level == "alarm"
    assert size_drift({1: 5, 2: 3}, {1: 3, 2: 5}).level == "stable"


def test_no_customer_on_either_side_is_stable():
    assert size_drift({}, {1: 5}).level == "stable"
    assert size_drift({1: 0}, {1: 0}).psi == pytest.approx(0)
