"""What a partner model has to beat: scores that need no training."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def baselines(rows: pa.Table) -> dict[str, NDArray[np.float64]]:
    """Return the scores that a model has to beat: 28-day rate, 7-day shrunk rate, streak of known frauds.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of partner features.

    Returns
    -------
    dict of str to ndarray of shape (n_partner_days,)
        By name of the baseline; higher is riskier.
    """
    column = {
        name: np.nan_to_num(rows[name].to_numpy().astype(np.float64), nan=0.0)
        for name in ("fraud_rate_28d", "fraud_rate_shrunk", "streak", "streak_days")
    }
    return {
        "rate_28d": column["fraud_rate_28d"],
        "shrunk_rate_7d": column["fraud_rate_shrunk"],
        # The longer a streak, and of equal ones the younger: an old one may be over.
        "streak": column["streak"] - column["streak_days"] / 1e3,
    }
