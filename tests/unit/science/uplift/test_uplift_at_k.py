"""Uplift at k is scikit-uplift's, also by its published protocol, and its interval covers the truth."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from jobs.science.uplift.auuc import auuc_causalml, qini_causalml, uplift_auc_score
from jobs.science.uplift.qini import qini_auc_score
from jobs.science.uplift.uplift_at_k import uplift_at_k, uplift_at_shares
from tests.unit.science.uplift.ranking_oracles import cases_with, given

HERE = Path(__file__).parent


@pytest.mark.parametrize("case", cases_with("uplift_at_k"), ids=lambda c: c["name"])
def test_both_strategies_are_those_of_scikit_uplift(case: dict[str, Any]) -> None:
    for k, strategy, answer in case["uplift_at_k"]:
        assert uplift_at_k(*given(case), k=k, strategy=strategy) == pytest.approx(answer, abs=1e-9, nan_ok=True)


def test_the_published_hillstrom_figures_come_out_by_their_protocol(data_dir: Path) -> None:
    """Women's e-mail, the men's left among the controls, 70/30 with seed 42, the ranking of their CatBoost model."""
    rows = pd.read_csv(data_dir / "hillstrom.csv")
    women = (rows["segment"] == "Womens E-Mail").astype(int)
    strata = pd.concat([women, rows["visit"]], axis=1)
    _, test = train_test_split(np.arange(len(rows)), stratify=strata, test_size=0.3, random_state=42)
    ranking = -np.load(HERE / "hillstrom_women_rank.npz")["rank"].astype(np.float64)
    judged = (rows["visit"].to_numpy(np.float64)[test], ranking, women.to_numpy(np.int64)[test])

    assert round(uplift_at_k(*judged, k=0.1), 4) == 0.0314
    assert round(uplift_at_k(*judged, k=0.1, strategy="by_group"), 4) == 0.0333
    figures = json.loads((HERE / "hillstrom_women.json").read_text())["figures"]
    assert {
        "uplift_at_0.1_overall": uplift_at_k(*judged, k=0.1),
        "uplift_at_0.1_by_group": uplift_at_k(*judged, k=0.1, strategy="by_group"),
        "uplift_at_0.3_overall": uplift_at_k(*judged, k=0.3),
        "uplift_at_0.3_by_group": uplift_at_k(*judged, k=0.3, strategy="by_group"),
        "qini_auc_score": qini_auc_score(*judged),
        "uplift_auc_score": uplift_auc_score(*judged),
        "causalml_auuc_score": auuc_causalml(*judged),
        "causalml_qini_score": qini_causalml(*judged),
    } == pytest.approx(figures, abs=1e-9)


def test_the_error_is_that_of_a_difference_of_means_when_the_ranking_is_fixed_to_two_values() -> None:
    generator = np.random.default_rng(0)
    treatment = generator.integers(0, 2, 4000)
    outcome = generator.normal(size=4000)
    (found,) = uplift_at_shares(outcome, generator.random(4000), treatment, (0.5,), resamples=400)
    assert found.overall.standard_error == pytest.approx(np.sqrt(4.0 / 2000), rel=0.12)
    assert found.by_group.standard_error == pytest.approx(np.sqrt(4.0 / 2000), rel=0.12)


def test_copies_inside_a_cluster_add_no_certainty() -> None:
    generator = np.random.default_rng(1)
    treatment, outcome, uplift = generator.integers(0, 2, 500), generator.normal(size=500), generator.random(500)
    (one,) = uplift_at_shares(outcome, uplift, treatment, (0.4,), seed=3)
    (copied,) = uplift_at_shares(
        np.repeat(outcome, 4),
        np.repeat(uplift, 4),
        np.repeat(treatment, 4),
        (0.4,),
        cluster=np.repeat(np.arange(500), 4),
        seed=3,
    )
    assert copied.overall.value == pytest.approx(one.overall.value)
    assert copied.overall.standard_error == pytest.approx(one.overall.standard_error, rel=0.05)


def test_a_top_without_a_control_row_has_no_certain_uplift() -> None:
    treatment = np.r_[np.zeros(10, np.int64), np.ones(10, np.int64)]
    (found,) = uplift_at_shares(np.ones(20), np.arange(20.0), treatment, (0.3,), resamples=20)
    assert np.isnan(found.overall.value)
    assert found.overall.standard_error == float("inf")
    assert found.by_group.value == 0.0
