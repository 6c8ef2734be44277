"""Weighted ranking figures are those of scikit-learn on rows repeated as often as they weigh."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from jobs.science.fraud.ranking import FALSE_POSITIVE_RATE, Ranker

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 3)), min_size=2, max_size=60)


@given(rows)
def test_equal_to_repeated_rows(drawn: list[tuple[bool, int, int]]) -> None:
    y, score, weight = (np.array(column) for column in zip(*drawn, strict=True))
    found = Ranker(y, score / 8).ranking(weight.astype(float))
    repeated, scores = np.repeat(y, weight), np.repeat(score, weight)
    if repeated.all() or not repeated.any():
        assert np.isnan(found.roc_auc)
        return
    assert found.roc_auc == pytest.approx(roc_auc_score(repeated, scores))
    assert found.average_precision == pytest.approx(average_precision_score(repeated, scores))


def test_recall_is_read_where_the_false_positives_are_still_few_enough() -> None:
    genuine = 1_000
    allowed = int(FALSE_POSITIVE_RATE * genuine)
    score = np.r_[np.arange(genuine) / genuine, [2.0, 0.9975, 0.5]]
    y = np.r_[np.zeros(genuine), [1, 1, 1]]
    assert allowed == 5
    assert Ranker(y, score).ranking().recall_at_fpr == pytest.approx(2 / 3)
