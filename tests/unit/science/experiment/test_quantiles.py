"""Quantiles: the drawn order statistics are those of a bootstrap on rows, and the intervals hold the truth."""

import numpy as np
import pytest

from jobs.errors import BadRequest, BadRows, BadTrial
from jobs.science.experiment.quantiles import quantile_difference


def test_it_is_the_bootstrap_on_rows() -> None:
    generator = np.random.default_rng(0)
    control, treatment = generator.lognormal(0.0, 1.0, 400), generator.lognormal(0.2, 1.0, 300)
    found = quantile_difference(control, treatment, 0.75, draws=20_000)

    def drawn(rows: np.ndarray) -> np.ndarray:
        again = rows[generator.integers(0, len(rows), (20_000, len(rows)))]
        return np.quantile(again, 0.75, axis=1, method="inverted_cdf")

    lower, upper = np.quantile(drawn(treatment) - drawn(control), [0.025, 0.975])
    assert found.value == pytest.approx(
        np.quantile(treatment, 0.75, method="inverted_cdf") - np.quantile(control, 0.75, method="inverted_cdf")
    )
    assert [found.lower, found.upper] == pytest.approx([lower, upper], abs=0.03 * (upper - lower))


def false_positives(trials: int) -> float:
    generator = np.random.default_rng(1)
    wrong = 0
    for trial in range(trials):
        rows = generator.lognormal(0.0, 1.0, (2, 1000))
        found = quantile_difference(rows[0], rows[1], 0.9, draws=1000, seed=trial)
        wrong += not found.lower <= 0.0 <= found.upper
    return wrong / trials


def test_equal_arms_differ_in_one_of_twenty_trials() -> None:
    assert 0.025 < false_positives(600) < 0.08


@pytest.mark.long
def test_equal_arms_differ_in_4_to_6_percent_of_4000_trials() -> None:
    rate = false_positives(4000)
    print(f"quantile {rate:.4f}")
    assert 0.04 < rate < 0.06


def test_what_cannot_be_answered_is_refused() -> None:
    rows = np.arange(1000.0)
    with pytest.raises(BadRequest, match="share == 1"):
        quantile_difference(rows, rows, 1.0)
    with pytest.raises(BadRequest, match="draws == 10"):
        quantile_difference(rows, rows, 0.5, draws=10)
    with pytest.raises(BadTrial, match="needs 10 rows beyond"):
        quantile_difference(rows, rows[:50], 0.9)
    with pytest.raises(BadRows, match="row 1 of the other arm holds nan"):
        quantile_difference(rows, np.array([1.0, np.nan]), 0.5)
