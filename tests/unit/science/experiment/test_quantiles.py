"""Quantiles: the variance is that of a bootstrap on rows, and the intervals hold the truth."""

import numpy as np
import pytest

from jobs.errors import BadRequest, BadRows, BadTrial
from jobs.science.experiment.interval import contrast
from jobs.science.experiment.quantiles import quantile_estimate


def test_it_is_the_bootstrap_on_rows() -> None:
    generator = np.random.default_rng(0)
    rows = generator.lognormal(0.0, 1.0, 400)
    found = quantile_estimate(rows, 0.75)
    again = rows[generator.integers(0, len(rows), (20_000, len(rows)))]
    drawn = np.quantile(again, 0.75, axis=1, method="inverted_cdf")
    assert found.value == np.quantile(rows, 0.75, method="inverted_cdf")
    assert found.units == 400
    assert found.variance == pytest.approx(drawn.var(), rel=0.05)


def test_the_rank_is_that_of_whole_numbers() -> None:
    rows = np.arange(1.0, 1001.0)
    assert [quantile_estimate(rows, share).value for share in (0.1, 0.3, 0.7, 0.9)] == [100.0, 300.0, 700.0, 900.0]


def false_positives(trials: int) -> float:
    generator = np.random.default_rng(1)
    wrong = 0
    for _ in range(trials):
        rows = generator.lognormal(0.0, 1.0, (2, 1000))
        found = contrast(quantile_estimate(rows[0], 0.9), quantile_estimate(rows[1], 0.9))
        wrong += not found.absolute.lower <= 0.0 <= found.absolute.upper
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
        quantile_estimate(rows, 1.0)
    with pytest.raises(BadTrial, match=r"'mail' has 50 rows: .* needs 10 rows beyond"):
        quantile_estimate(rows[:50], 0.9, "arm 'mail'")
    with pytest.raises(BadRows, match="row 1 of the arm holds nan"):
        quantile_estimate(np.array([1.0, np.nan]), 0.5)
