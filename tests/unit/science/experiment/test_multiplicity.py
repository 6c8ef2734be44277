"""Corrections for many claims are statsmodels' own."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from jobs.errors import BadRequest
from jobs.science.experiment.multiplicity import adjusted, holm_adjusted


@pytest.mark.parametrize("tests", [1, 2, 7, 12])
def test_holm_and_benjamini_hochberg_are_statsmodels(tests: int) -> None:
    p = np.random.default_rng(tests).random(tests) ** 3
    p[-1] = p[0]
    assert adjusted(p, "holm") == pytest.approx(multipletests(p, method="holm")[1], rel=1e-12)
    assert adjusted(p, "benjamini-hochberg") == pytest.approx(multipletests(p, method="fdr_bh")[1], rel=1e-12)
    assert adjusted(p, "none").tolist() == p.tolist()


def test_another_correction_or_no_p_value_is_refused() -> None:
    with pytest.raises(BadRequest, match="choose none, holm"):
        adjusted(np.array([0.1]), "sidak")  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match="in \\[0, 1\\]"):
        adjusted(np.array([0.1, np.nan]), "holm")


def test_the_smallest_pays_for_all_and_the_order_is_kept() -> None:
    p = np.random.default_rng(0).random(30) ** 4
    paid = holm_adjusted(p)
    assert paid.min() == pytest.approx(min(1.0, 30 * p.min()))
    assert np.all(paid >= p)
    assert np.all(paid <= np.minimum(30 * p, 1.0) + 1e-15)
    assert np.all(np.diff(paid[np.argsort(p)]) >= 0)


def test_one_look_costs_nothing_and_none_is_none() -> None:
    assert holm_adjusted(np.array([0.03])).tolist() == [0.03]
    assert holm_adjusted(np.array([])).tolist() == []


def test_a_false_claim_anywhere_is_made_in_one_of_twenty_families() -> None:
    families = np.random.default_rng(1).random((4000, 12))
    claims = np.mean([np.any(holm_adjusted(p) < 0.05) for p in families])
    assert 0.035 < claims < 0.06
