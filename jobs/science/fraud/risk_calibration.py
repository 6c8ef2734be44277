"""Is a customer's risk right: what was promised at the start of a day against his purchases of the next days."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.science.fraud.assess import Rows
from jobs.science.fraud.beta import fit_beta
from jobs.science.fraud.calibration import Calibration
from jobs.science.fraud.calibration_bin import CalibrationBin
from jobs.science.fraud.calibration_errors import calibration_curve, calibration_slope
from jobs.science.fraud.engine import DAY_S
from jobs.science.fraud.risk import RiskSettings, customer_risk, log_odds

HISTORY_DAYS = 13
"""Scored days before a day that its risks rest on, as the night reads them."""

MOST_ROWS = 2_000_000
"""Rows that are looked at; of more, a share of the customers is taken, with all their rows."""

FEWEST_FRAUDS = 20
BINS = 5
_NOON_US = DAY_S // 2 * 1_000_000


@dataclass(frozen=True)
class Purchases:
    """Purchases with the risk that their customers had before; arrays of shape (n_purchases,).

    Parameters
    ----------
    risk : ndarray of float
        Probability that a purchase is fraud, as of the start of a day, in (0, 1).
    is_fraud : ndarray of bool
        Whether it was.
    """

    risk: NDArray[np.float64]
    is_fraud: NDArray[np.bool_]


@dataclass(frozen=True)
class RiskQuality:
    """How well risks hold on later days.

    Parameters
    ----------
    horizon_days : int
        Days after the risk whose purchases are looked at.
    purchases, frauds : int
        Purchases, and frauds among them.
    slope : float
        Slope of the frauds on the log odds of the risks; 1 is right.
    bins : tuple of CalibrationBin
        Purchases by their customers' risk, in bins of equal size.
    """

    horizon_days: int
    purchases: int
    frauds: int
    slope: float
    bins: tuple[CalibrationBin, ...]


def purchases_after(
    rows: Rows,
    probability: NDArray[np.float64],
    first_day: int,
    settings: RiskSettings,
    *,
    horizon_days: int = 1,
    calibration: Calibration | None = None,
) -> Purchases:
    """Pair each purchase with the risk of its customer at the start of every day that it lies at most a horizon after.

    Parameters
    ----------
    rows : Rows
        Transactions; those before a day make its risks.
    probability : ndarray of shape (n_transactions,)
        Their probabilities, of a model that has not learnt from them.
    first_day : int
        First day, since 1970-01-01, whose purchases are looked at.
    settings : RiskSettings
        How risks fade.
    horizon_days : int
        Days whose purchases a risk speaks of.
    calibration : Calibration, optional
        From the log odds of the raw risk to a probability.

    Returns
    -------
    Purchases
        In the order of days; a customer without a purchase before has the risk of everyone.
    """
    _, customer = np.unique(rows.customer.astype(str), return_inverse=True)
    share = -(-customer.size // MOST_ROWS)
    chosen = customer % share == 0
    risks, frauds = [], []
    for day in range(first_day, int(rows.day.max()) + 1):
        before = chosen & (rows.day < day) & (rows.day >= day - HISTORY_DAYS)
        after = chosen & (rows.day >= day) & (rows.day < day + horizon_days)
        if not before.any() or not after.any():
            continue
        scored = pa.table(
            {
                "customer_id": pa.array(customer[before]).cast(pa.string()),
                "occurred_at": pa.array(rows.day[before].astype(np.int64) * DAY_S * 1_000_000 + _NOON_US).cast(
                    pa.timestamp("us", tz="UTC")
                ),
                "amount_eur": rows.amount_eur[before],
                "fraud_probability": probability[before],
            }
        )
        found = customer_risk([scored], as_of_s=day * DAY_S, settings=settings, calibration=calibration)
        of_customer = np.full(int(customer.max()) + 1, float(found["fraud_probability"].to_numpy().mean()))
        of_customer[found["customer_id"].cast(pa.int64()).to_numpy()] = found["fraud_probability"].to_numpy()
        risks.append(of_customer[customer[after]])
        frauds.append(rows.is_fraud[after] > 0)
    if not risks:
        return Purchases(np.empty(0), np.empty(0, dtype=bool))
    return Purchases(np.concatenate(risks), np.concatenate(frauds))


def fit_risk(seen: Purchases) -> Calibration | None:
    """Fit the map from raw risks to probabilities; None where there are too few frauds to learn it from."""
    if min(seen.is_fraud.sum(), (~seen.is_fraud).sum()) < FEWEST_FRAUDS:
        return None
    return fit_beta(log_odds(seen.risk), seen.is_fraud)


def risk_quality(seen: Purchases, horizon_days: int) -> RiskQuality | None:
    """Hold risks to what happened; None where nothing or everything was fraud."""
    frauds = int(seen.is_fraud.sum())
    if not 0 < frauds < seen.is_fraud.size:
        return None
    return RiskQuality(
        horizon_days=horizon_days,
        purchases=int(seen.is_fraud.size),
        frauds=frauds,
        slope=calibration_slope(seen.is_fraud, seen.risk),
        bins=calibration_curve(seen.is_fraud, seen.risk, BINS),
    )
