"""Estimated figures come true where scores are calibrated, and are called broken where the world has changed."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from jobs.errors import BadRequest, BadRows
from jobs.science.drift.estimated_performance import (
    auc_standard_error,
    calibration_groups,
    estimated_performance,
    expected_band,
    pooled,
    true_performance,
    verdict,
)
from jobs.science.drift.score_tally import ScoreTally
from jobs.science.fraud.decision import Costs, DecisionPolicy

Floats = npt.NDArray[np.float64]
POLICY = DecisionPolicy(Costs(review_eur=2, loss_share=0.8, insult_eur=30))


def day(
    seed: int, rows: int = 40_000, *, shift: float = 0.0, truth: float = 1.0, wave: float = 0.0
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Probabilities, amounts and labels; `shift` moves the inputs, `truth` 0 cuts labels off from them."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-5 + shift, 2, rows)
    p = 1 / (1 + np.exp(-log_odds))
    true_p = truth * p + (1 - truth) * rng.permutation(p)
    return p, rng.lognormal(3, 1, rows), rng.random(rows) < np.minimum(true_p * (1 + wave), 1)


def tally_of(p: Floats, amount: Floats, fraud: npt.NDArray[np.bool_]) -> ScoreTally:
    return ScoreTally.of(p, amount, POLICY.decide(p, amount), fraud)


def test_the_true_figures_are_those_of_scikit_learn_and_of_the_policy() -> None:
    p, amount, fraud = day(1)
    outcome = POLICY.decide(p, amount)
    found = true_performance(ScoreTally.of(p, amount, outcome, fraud), POLICY.costs)
    flagged = outcome != "approve"
    assert found.roc_auc == pytest.approx(roc_auc_score(fraud, p), abs=0.001)
    assert found.precision == pytest.approx(fraud[flagged].mean(), rel=1e-12)
    assert found.recall == pytest.approx(fraud[flagged].sum() / fraud.sum(), rel=1e-12)
    cost = np.where(outcome == "approve", fraud * amount * 0.8, np.where(outcome == "review", 2, ~fraud * 30.0))
    assert found.cost_eur == pytest.approx(cost.sum(), rel=1e-6)


def test_estimates_come_true_where_scores_are_calibrated_also_when_the_inputs_move() -> None:
    """The estimated AUC within .01 of the later true one, by scikit-learn on the raw scores, over 20 batches."""
    for seed in range(20):
        p, amount, fraud = day(seed, shift=0.1 * (seed % 10))
        tally = tally_of(p, amount, fraud)
        expected = estimated_performance(tally, POLICY.costs)
        assert expected.roc_auc is not None
        assert abs(expected.roc_auc - roc_auc_score(fraud, p)) < 0.01
        assert verdict(tally).trust == "kept", verdict(tally).reason


def test_expected_frauds_precision_and_cost_are_right_on_average() -> None:
    tallies = [tally_of(*day(seed, 20_000)) for seed in range(30)]
    expected = [estimated_performance(t, POLICY.costs) for t in tallies]
    known = [true_performance(t, POLICY.costs) for t in tallies]
    for name in ("frauds", "precision", "recall", "cost_eur"):
        off = np.array([getattr(k, name) - getattr(e, name) for e, k in zip(expected, known, strict=True)])
        assert abs(off.mean()) < 3.5 * off.std(ddof=1) / np.sqrt(off.size), name


def test_the_true_auc_falls_within_the_band_as_often_as_it_says() -> None:
    inside = 0
    for seed in range(200):
        tally = tally_of(*day(1_000 + seed, 4_000))
        expected, known = estimated_performance(tally, POLICY.costs), true_performance(tally, POLICY.costs)
        assert expected.roc_auc is not None
        assert known.roc_auc is not None
        low, high = expected_band(tally, expected.roc_auc)
        inside += low <= known.roc_auc <= high
    assert 0.9 <= inside / 200 <= 1.0


def test_concept_drift_without_input_drift_is_seen_once_labels_are_in() -> None:
    """The scores alone look as ever; the first matured day of the changed world says that they are wrong."""
    usual, changed = tally_of(*day(3)), tally_of(*day(4, truth=0.5))
    expected, estimate = (estimated_performance(t, POLICY.costs).roc_auc or 0 for t in (usual, changed))
    assert estimate == pytest.approx(expected, abs=0.01)
    found = verdict(changed)
    assert found.trust == "broken"
    assert "not trustworthy" in found.reason


def test_a_wave_of_fraud_is_seen_once_labels_are_in() -> None:
    found = verdict(tally_of(*day(5, wave=0.6)))
    assert found.trust == "broken"
    assert "no longer calibrated" in found.reason


def test_two_hundred_usual_days_break_no_word() -> None:
    assert {verdict(tally_of(*day(2_000 + seed, 3_000))).trust for seed in range(200)} <= {"kept", "unknown"}


def test_few_labels_say_nothing() -> None:
    assert verdict(tally_of(*day(6, 300))).trust == "unknown"


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 200))
def test_shards_add_up_to_the_whole_exactly(seed: int, cut: int) -> None:
    p, amount, fraud = day(seed, 200)
    whole = tally_of(p, amount, fraud)
    parts = pooled([tally_of(p[:cut], amount[:cut], fraud[:cut]), tally_of(p[cut:], amount[cut:], fraud[cut:])])
    for name in ScoreTally.__dataclass_fields__:
        assert np.array_equal(getattr(whole, name), getattr(parts, name)), name


def test_no_payment_and_one_payment_have_an_outcome() -> None:
    none = estimated_performance(ScoreTally.empty(), POLICY.costs)
    assert (none.payments, none.roc_auc, none.precision, none.recall, none.cost_eur) == (0, None, None, None, 0)
    one = true_performance(ScoreTally.of([0.2], [10.0], ["approve"], [False]), POLICY.costs)
    assert (one.payments, one.roc_auc, one.recall) == (1, None, None)
    assert calibration_groups(ScoreTally.empty()) == ()
    assert estimated_performance(ScoreTally.of([0.2], [10.0], ["approve"]), POLICY.costs).roc_auc is None


def test_payments_without_a_score_are_counted_apart() -> None:
    tally = ScoreTally.of([float("nan"), 0.3], [1.0, 1.0], ["not_assessed", "approve"])
    assert (tally.payments, tally.not_assessed) == (1, 1)


def test_scores_of_nought_and_one_have_a_bin() -> None:
    tally = ScoreTally.of([0.0, 1.0], [1.0, 1.0], ["approve", "decline"], [False, True])
    assert (tally.rows[0], tally.rows[-1]) == (1, 1)
    assert true_performance(tally, POLICY.costs).roc_auc == 1.0


def test_calibration_groups_hold_all_payments_and_their_limits_the_diagonal() -> None:
    tally = tally_of(*day(8, 100_000))
    groups = calibration_groups(tally)
    assert sum(g.rows for g in groups) == 100_000
    assert len(groups) >= 6
    assert sum(low <= g.promised <= high for g in groups for low, high in [g.limits()]) >= len(groups) - 1


def test_the_standard_error_of_an_auc_is_that_of_repeated_draws() -> None:
    """Of exponential scores, for which the formula is exact; of normal ones it is a little too large."""
    rng = np.random.default_rng(9)
    for draw, low, high in ((rng.exponential, 0.9, 1.1), (lambda size, n: rng.normal(np.log(size), 1, n), 1.0, 1.4)):
        drawn = [float((draw(3, 60)[:, None] > draw(1, 400)).mean()) for _ in range(600)]  # type: ignore[index]
        assert low <= auc_standard_error(float(np.mean(drawn)), 60, 400) / np.std(drawn) <= high


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(BadRows, match=r"probability 1\.5 in row 1"):
        ScoreTally.of([0.5, 1.5], [1, 1], ["approve", "approve"])
    with pytest.raises(BadRequest, match="2 probabilities, 1 amounts"):
        ScoreTally.of([0.5, 0.5], [1], ["approve", "approve"])
