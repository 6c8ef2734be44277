"""Holm's adjusted p-values: dearer than one look, cheaper than Bonferroni, right in the long run."""

import numpy as np
import pytest

from jobs.science.uplift.multiplicity import holm_adjusted


def test_the_smallest_pays_for_all_and_the_order_is_kept() -> None:
    p = np.random.default_rng(0).random(30) ** 4
    adjusted = holm_adjusted(p)
    assert adjusted.min() == pytest.approx(min(1.0, 30 * p.min()))
    assert np.all(adjusted >= p)
    assert np.all(adjusted <= np.minimum(30 * p, 1.0) + 1e-15)
    assert np.all(np.diff(adjusted[np.argsort(p)]) >= 0)


def test_one_look_costs_nothing_and_none_is_none() -> None:
    assert holm_adjusted(np.array([0.03])).tolist() == [0.03]
    assert holm_adjusted(np.array([])).tolist() == []


def test_a_false_claim_anywhere_is_made_in_one_of_twenty_families() -> None:
    families = np.random.default_rng(1).random((4000, 12))
    claims = np.mean([np.any(holm_adjusted(p) < 0.05) for p in families])
    assert 0.035 < claims < 0.06
