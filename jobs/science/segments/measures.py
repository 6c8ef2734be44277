"""Features that segments are made of: amounts as logarithms, shares steadied where payments are few."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.science.fraud.engine import AMOUNT_UNITS_PER_EUR, DAY_S
from jobs.science.segments.behaviour import Window

FEATURES = (
    "recency",
    "frequency",
    "money",
    "evening_share",
    "weekend_share",
    "favourite_share",
    "recent_share",
)
"""Logarithm of days since the last payment, of payments in 30 days and of euro a payment; share of the payments made
in the evening, at weekends, again at the favourite partner, and in the later half of the window."""

_SHARES = ("evening", "weekend", "favourite", "recent")
_PRIOR_PAYMENTS = 2.0
_DAYS_OF_FREQUENCY = 30


@dataclass(frozen=True)
class Steadying:
    """Shares of all customers' payments, which a customer's own are pulled towards by as much as two payments.

    Parameters
    ----------
    shares : dict of str to float
        Share by count, in [0, 1].
    """

    shares: Mapping[str, float]

    @classmethod
    def fit(cls, rows: pa.Table) -> "Steadying":
        """Measure the shares of all payments."""
        counts = _counts(rows)
        payments = np.nansum(counts["payments"])
        again = np.nansum(counts["payments"] - 1)
        of = {name: again if name == "favourite" else payments for name in _SHARES}
        taken = {name: counts[name] - (name == "favourite") for name in _SHARES}
        return cls({name: round(float(np.nansum(taken[name]) / of[name]), 6) if of[name] else 0.0 for name in _SHARES})

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return dict(self.shares)


def measures(rows: pa.Table, window: Window, steadying: Steadying) -> NDArray[np.float64]:
    """Return the features of customers.

    Parameters
    ----------
    rows : pyarrow.Table
        Behaviour; missing counts where nothing was paid.
    window : Window
        The days it is from.
    steadying : Steadying
        Shares of all payments.

    Returns
    -------
    ndarray of shape (n_customers, n_features)
        In the order of FEATURES; NaN where nothing was paid, and share at the favourite of a single payment.
    """
    counts = _counts(rows)
    n = counts["payments"]
    days = np.maximum(window.end_s - counts["last_s"], 0.0) / DAY_S
    columns = {
        "recency": np.log1p(days),
        "frequency": np.log(n * _DAYS_OF_FREQUENCY / window.days),
        "money": np.log1p(counts["units"] / AMOUNT_UNITS_PER_EUR / n),
    }
    for name in _SHARES:
        own, of = counts[name], n
        if name == "favourite":
            # The first payment is at the favourite of one payment by definition: only coming again says something.
            own, of = own - 1, np.where(n > 1, n - 1, np.nan)
        columns[f"{name}_share"] = (own + _PRIOR_PAYMENTS * steadying.shares[name]) / (of + _PRIOR_PAYMENTS)
    return np.stack([columns[name] for name in FEATURES], axis=1)


def _counts(rows: pa.Table) -> dict[str, NDArray[np.float64]]:
    names = ("payments", "last_s", "units", *_SHARES)
    return {name: rows[name].cast(pa.float64()).to_numpy() for name in names}
