"""Areas under the uplift curve are those of scikit-uplift and of CausalML, number for number."""

from typing import Any

import numpy as np
import pytest

from jobs.errors import BadTrial
from jobs.science.uplift.auuc import auuc_causalml, qini_causalml, uplift_auc_score
from tests.unit.science.uplift.ranking_oracles import cases_with, given


@pytest.mark.parametrize("case", cases_with("uplift_auc_score"), ids=lambda c: c["name"])
def test_the_area_is_that_of_scikit_uplift(case: dict[str, Any]) -> None:
    assert uplift_auc_score(*given(case)) == pytest.approx(case["uplift_auc_score"], abs=1e-9)


@pytest.mark.parametrize("case", cases_with("causalml_auuc_score"), ids=lambda c: c["name"])
def test_areas_are_those_of_causalml_for_binary_outcomes_and_for_money(case: dict[str, Any]) -> None:
    assert auuc_causalml(*given(case)) == pytest.approx(case["causalml_auuc_score"], abs=1e-9)
    assert qini_causalml(*given(case)) == pytest.approx(case["causalml_qini_score"], abs=1e-9)


def test_the_order_of_rows_of_equal_uplift_says_nothing() -> None:
    generator = np.random.default_rng(0)
    uplift, treatment = generator.integers(0, 5, 400).astype(float), generator.integers(0, 2, 400)
    outcome = treatment * uplift + generator.normal(size=400)
    shuffled = generator.permutation(400)
    for score in (auuc_causalml, qini_causalml):
        first = score(outcome, uplift, treatment)
        assert score(outcome[shuffled], uplift[shuffled], treatment[shuffled]) == pytest.approx(first, abs=1e-9)


def test_a_constant_prediction_scores_as_a_random_order_does() -> None:
    generator = np.random.default_rng(1)
    treatment = generator.integers(0, 2, 999)
    outcome = treatment + generator.normal(size=999)
    constant = np.ones(999)
    assert auuc_causalml(outcome, constant, treatment) == pytest.approx(0.5)
    assert auuc_causalml(-outcome, constant, treatment) == pytest.approx(-0.5)
    assert qini_causalml(outcome, constant, treatment) == pytest.approx(0.0)


def test_an_effect_of_nothing_has_no_scale_and_scores_zero() -> None:
    outcome, treatment = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0, 1, 0, 1])
    assert auuc_causalml(outcome, np.arange(4.0), treatment) == 0.0
    assert qini_causalml(outcome, np.arange(4.0), treatment) == 0.0


def test_one_group_alone_scores_zero() -> None:
    outcome, nobody = np.array([1.0, 0.0, 1.0]), np.zeros(3, np.int64)
    assert auuc_causalml(outcome, np.arange(3.0), nobody) == 0.0
    assert qini_causalml(outcome, np.arange(3.0), nobody + 1) == 0.0


def test_an_amount_of_money_is_refused_where_the_best_order_is_made_of_zeros_and_ones() -> None:
    with pytest.raises(BadTrial, match=r"value 2\.5"):
        uplift_auc_score(np.array([0.0, 1.0, 2.5]), np.arange(3.0), np.array([0, 1, 1]))
