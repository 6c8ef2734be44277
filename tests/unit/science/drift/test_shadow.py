"""Two models on the same payments: changed outcomes counted, order held against scipy, labels only where known."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from jobs.errors import BadRows
from jobs.science.drift.shadow import compare

APPROVE = np.array(["approve"] * 500)


def test_the_same_model_changes_nothing() -> None:
    p = np.random.default_rng(1).uniform(size=500) ** 4
    found = compare(p, p, (APPROVE, APPROVE))
    assert (found.changed, found.changed_share, found.rank_correlation) == ({}, 0.0, 1.0)
    assert found.psi < 1e-4, "smoothing alone: an empty bin of the reference gets half a row"
    assert (found.labelled, found.champion_ap) == (0, None)


def test_order_agrees_with_scipy_and_a_shift_shows() -> None:
    rng = np.random.default_rng(2)
    p = rng.uniform(size=500) ** 4
    q = np.round(np.clip(2 * p + rng.normal(0, 0.1, 500), 0, 1), 2)
    outcome = np.where(q > 0.5, "review", "approve")
    found = compare(p, q, (APPROVE, outcome))
    assert found.rank_correlation == pytest.approx(spearmanr(p, q).statistic, abs=1e-12)
    assert found.changed == {"approve > review": int((q > 0.5).sum())}
    assert found.psi > 0.1


def test_only_known_labels_judge() -> None:
    p = np.linspace(0, 1, 500)
    fraud = np.zeros(500, bool)
    fraud[[10, 499]] = True
    known = np.arange(500) > 100
    found = compare(p, 1 - p, (APPROVE, APPROVE), fraud, known)
    assert (found.labelled, found.frauds) == (399, 1)
    assert found.champion_ap == 1.0
    assert found.challenger_ap == pytest.approx(1 / 399)
    none = compare(p, p, (APPROVE, APPROVE), np.zeros(500, bool), known)
    assert (none.labelled, none.champion_ap) == (399, None)


def test_one_row_constant_scores_and_no_row_have_clear_outcomes() -> None:
    one = compare(np.array([0.1]), np.array([0.1]), (APPROVE[:1], APPROVE[:1]))
    assert (one.payments, one.rank_correlation) == (1, None)
    with pytest.raises(BadRows, match="there is no payment"):
        compare(np.array([]), np.array([]), (APPROVE[:0], APPROVE[:0]))
