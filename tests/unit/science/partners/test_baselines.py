"""Baselines rank what they are named after."""

import numpy as np
import pyarrow as pa

from jobs.science.partners.baselines import baselines

NAN = float("nan")
ROWS = pa.table(
    {
        "fraud_rate_28d": pa.array([0.5, 0.1, NAN, 0.2], pa.float32()),
        "fraud_rate_shrunk": pa.array([0.1, 0.3, 0.02, 0.2], pa.float32()),
        "streak": pa.array([2.0, 2.0, 0.0, 5.0], pa.float32()),
        "streak_days": pa.array([30.0, 9.0, NAN, 40.0], pa.float32()),
    }
)


def test_rates_rank_by_the_rate_and_a_partner_without_one_is_last():
    found = baselines(ROWS)
    assert set(found) == {"rate_28d", "shrunk_rate_7d", "streak"}
    assert np.argsort(-found["rate_28d"]).tolist() == [0, 3, 1, 2]
    assert np.argsort(-found["shrunk_rate_7d"]).tolist() == [1, 3, 0, 2]


def test_a_longer_streak_ranks_first_and_of_equal_ones_the_younger():
    assert np.argsort(-baselines(ROWS)["streak"]).tolist() == [3, 1, 0, 2]
