"""The right moment is a treatment that was drawn: an offer at a contact window is an arm like any other."""

import numpy as np
import pyarrow as pa
import pytest

from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.learners.fit import PORTABLE, fit_learner
from jobs.science.uplift.learners.fitted import Learning
from jobs.science.uplift.policy import choose
from jobs.science.uplift.trial import Trial

ROWS = 5000


@pytest.mark.parametrize("name", PORTABLE)
def test_each_customer_is_contacted_in_the_window_that_suits(name: str) -> None:
    # One voucher, two windows: who shops in the evening gains 3 euro from an evening contact and loses .5 from one in
    # the morning; everybody else the other way round. The mean effect of both windows is the same.
    generator = np.random.default_rng(0)
    evening_share = generator.uniform(size=ROWS)
    late = evening_share > 0.5
    windows = ("no contact", "voucher in the morning", "voucher in the evening")
    arm = generator.integers(0, 3, ROWS)
    gain = np.column_stack([np.zeros(ROWS), np.where(late, -0.5, 3.0), np.where(late, 3.0, -0.5)])
    outcome = 5.0 + gain[np.arange(ROWS), arm] + 2.0 * generator.normal(size=ROWS)
    rows = pa.table({"evening_share": evening_share, "age": generator.uniform(18, 80, ROWS)})
    features = {"evening_share": "number", "age": "number"}
    trial = Trial.checked(
        rows, features, arm=np.array(windows)[arm], control=windows[0], arms=windows[1:], outcome=outcome
    )
    matrix = FeatureEncoder.fit(rows, features).transform(rows)
    effect = fit_learner(name, Learning(matrix, trial.arm, outcome, trial.propensity, arms=3, seed=1)).effect(matrix)
    chosen = choose(effect, [0.1, 0.1], None).argmax(axis=1)
    clear = np.abs(evening_share - 0.5) > 0.1
    assert np.mean((chosen == np.where(late, 2, 1))[clear]) > 0.97
    # What the choice is worth, against the better window for everyone: 1.25 euro a customer by construction.
    assert gain[np.arange(ROWS), chosen].mean() > gain.mean(axis=0).max() + 1.3
