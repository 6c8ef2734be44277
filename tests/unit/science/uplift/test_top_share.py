"""The value of treating the top share; test_score_judgement holds its interval to the truth."""

import numpy as np
import pytest

from jobs.science.uplift.top_share import value_of_top


def test_everyone_is_worth_the_mean_and_its_textbook_error() -> None:
    generator = np.random.default_rng(0)
    untreated, gain = generator.normal(size=2000), generator.normal(1.0, 2.0, 2000)
    value, added = value_of_top(generator.random(2000), untreated, gain, 1.0, resamples=400)
    assert value.value == pytest.approx(np.mean(untreated + gain))
    assert added.value == pytest.approx(np.mean(gain))
    assert added.standard_error == pytest.approx(gain.std() / np.sqrt(2000), rel=0.1)


def test_nobody_is_worth_what_is_there_without_treatment() -> None:
    untreated = np.arange(8.0)
    value, added = value_of_top(np.arange(8.0), untreated, np.ones(8), 0.0, resamples=10)
    assert (value.value, added.value, added.standard_error) == (3.5, 0.0, 0.0)


def test_a_share_that_cuts_a_row_takes_its_part() -> None:
    _, added = value_of_top(np.array([4.0, 3.0, 2.0, 1.0]), np.zeros(4), np.array([4.0, 8.0, 0.0, 0.0]), 0.375)
    assert added.value == pytest.approx((4.0 + 0.5 * 8.0) / 4)
