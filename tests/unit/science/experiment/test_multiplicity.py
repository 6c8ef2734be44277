"""Corrections for many claims are statsmodels' own."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from jobs.errors import BadRequest
from jobs.science.experiment.multiplicity import adjusted


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
