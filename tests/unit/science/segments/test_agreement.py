"""The adjusted Rand index is scikit-learn's; an overlap is 1 where the same group comes again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from jobs.science.segments.agreement import adjusted_rand_index, contingency, overlaps

GROUPINGS = st.integers(1, 60).flatmap(lambda n: st.tuples(*[st.lists(st.integers(0, 4), min_size=n, max_size=n)] * 2))


@settings(max_examples=150, deadline=None)
@given(GROUPINGS)
def test_it_is_the_index_of_scikit_learn(groupings):
    first, second = groupings
    assert adjusted_rand_index(first, second) == pytest.approx(adjusted_rand_score(first, second), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.permutations(range(5)))
def test_other_numbers_for_the_same_groups_change_nothing(labels, numbers):
    again = [numbers[label] for label in labels]
    assert adjusted_rand_index(labels, again) == 1.0
    present = np.unique(labels)
    assert (overlaps(labels, again)[present] == 1.0).all()


def test_a_group_that_falls_apart_overlaps_by_its_larger_part():
    first, second = [0] * 10 + [1] * 10, [0] * 7 + [2] * 3 + [1] * 10
    assert overlaps(first, second).tolist() == [0.7, 1.0]
    assert contingency(first, second).tolist() == [[7, 0, 3], [0, 10, 0]]
