import numpy as np
import pytest

from jobs.errors import BadRows
from jobs.science.fraud.metrics import calibration_curve, fraud_metrics


def judged(stretch=1.0, rows=40_000):
    """Labels drawn from known probabilities; `stretch` makes the promised log odds too extreme."""
    rng = np.random.default_rng(5)
    margin = rng.normal(-3, 1.5, rows)
    labels = rng.random(rows) < 1 / (1 + np.exp(-margin))
    promised = 1 / (1 + np.exp(-stretch * margin))
    day, card = rng.integers(0, 7, rows), rng.integers(0, 4_000, rows)
    return fraud_metrics(day, card, labels, margin, promised, review_margin=float(np.quantile(margin, 0.99)))


def test_true_probabilities_have_slope_one_and_small_errors():
    found = judged()
    assert found.calibration_slope == pytest.approx(1, abs=0.05)
    assert found.calibration_error < 0.005
    assert abs(found.review_error) < 0.1
    assert found.brier < found.brier_of_base_rate
    assert found.reviewed_share == pytest.approx(0.01, abs=1e-4)
    assert found.review_precision > 0.4


def test_overconfident_probabilities_have_a_slope_below_one():
    assert judged(stretch=2.0).calibration_slope == pytest.approx(0.5, abs=0.03)


def test_curve_holds_every_row_once_in_equal_bins():
    curve = calibration_curve(np.tile([0, 1], 50), np.linspace(0, 1, 100), bins=8)
    assert sum(b.rows for b in curve) == 100
    assert {b.rows for b in curve} == {12, 13}
    assert [b.promised for b in curve] == sorted(b.promised for b in curve)
    assert all(b.happened == pytest.approx(0.5, abs=0.05) for b in curve)


def test_one_class_cannot_be_judged():
    with pytest.raises(BadRows, match="0 of 3 are fraud, and both kinds are needed"):
        fraud_metrics([1, 1, 1], ["a", "b", "c"], [0, 0, 0], [0.0, 1, 2], [0.1, 0.2, 0.3], 1.0)
