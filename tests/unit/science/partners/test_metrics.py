"""How good a queue is: hits among those looked into, day by day, and confirmed cases by kind."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from jobs.errors import BadRows
from jobs.science.partners.metrics import at_or_above, average_precision, queue_metrics, recall_by_kind


def test_a_queue_is_judged_day_by_day_and_averaged():
    day = [1] * 4 + [2] * 4 + [3] * 4
    risky = [1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    score = [9, 8, 7, 6, 1, 9, 8, 7, 1, 2, 3, 4]
    found = queue_metrics(day, risky, score, capacity=2)
    assert (found.days, found.rows, found.risky) == (2, 12, 3)
    assert found.precision_at_capacity == pytest.approx((2 / 2 + 0 / 2) / 2)
    assert found.recall_at_capacity == pytest.approx((1 + 0) / 2)
    assert found.average_precision == pytest.approx((1 + 1 / 4) / 2)


@settings(deadline=None)  # the first call loads scikit-learn
@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=1, max_size=40))
def test_average_precision_is_scikit_learns_ties_included(rows):
    risky, score = np.array([r for r, _ in rows]), np.array([s for _, s in rows], dtype=float)
    assume(risky.any())
    assert average_precision(risky, score) == pytest.approx(average_precision_score(risky, score))


def test_days_without_a_risky_partner_judge_nobody():
    with pytest.raises(BadRows, match="none has a partner that became risky"):
        queue_metrics([1, 2], [0, 0], [1, 2], capacity=1)


def test_a_case_is_found_on_the_first_day_it_stands_in_the_queue():
    start = dt.date(2024, 1, 10)
    number = (start - dt.date(1970, 1, 1)).days
    days = np.repeat(np.arange(number, number + 5), 3)
    partners = ["a", "b", "c"] * 5
    score = [1, 5, 0, 1, 5, 0, 9, 5, 0, 9, 5, 0, 9, 5, 0]
    spans = (("a", "leak", 0, 9), ("c", "leak", 0, 9), ("b", "ring", -60, 0), ("b", "over", -9, -5))
    cases = [
        {
            "partner_id": partner,
            "kind": kind,
            "first_day": start + dt.timedelta(days=first),
            "last_day": start + dt.timedelta(days=last),
        }
        for partner, kind, first, last in spans
    ]
    found = recall_by_kind(days, partners, score, 1, cases)
    chance = found["leak"].pop("recall_a_day_by_chance")
    assert chance == pytest.approx(1 / 3)
    assert found["leak"] == {"cases": 2.0, "found": 1.0, "recall": 0.5, "recall_a_day": 3 / 8, "median_days": 1.0}
    assert found["ring"]["median_days"] == 0.0
    assert "over" not in found


def test_the_threshold_leaves_no_more_than_there_is_room_for():
    score = np.array([1.0, 2.0, 2.0, 3.0])
    assert at_or_above(score, 1) == 3.0
    assert at_or_above(score, 2) == 3.0
    assert at_or_above(score, 3) == 2.0
    assert at_or_above(score, 0) > 3.0
