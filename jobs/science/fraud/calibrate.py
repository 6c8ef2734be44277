"""Choose how margins become probabilities: the way that is more right on later days than on its own."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jobs.science.fraud.beta import fit_beta
from jobs.science.fraud.calibration import Calibration
from jobs.science.fraud.isotonic import fit_isotonic

Method = Literal["beta", "isotonic"]
FEWEST_FRAUDS = 20
"""Frauds of either half below which the halves cannot decide, and the curve of fewer numbers is taken."""


@dataclass(frozen=True)
class Calibrated:
    """A calibration, and why it was chosen.

    Parameters
    ----------
    calibration : Calibration
        Fitted on all rows.
    method : {"beta", "isotonic"}
        How it was fitted.
    log_loss : dict of str to float
        Mean log loss of each method on the later half of the days, fitted on the earlier one; empty
        where the frauds were too few to tell.
    """

    calibration: Calibration
    method: Method
    log_loss: dict[str, float]


def choose_calibration(margin: ArrayLike, is_fraud: ArrayLike, day: ArrayLike) -> Calibrated:
    """Fit both ways on the earlier days, keep the better one on the later days, fit it again on all.

    Parameters
    ----------
    margin, is_fraud, day : array-like of shape (n_transactions,)
        Log odds of a model that has not learnt from these rows, labels (0 or 1, both present), day's number.

    Returns
    -------
    Calibrated
        The better calibration.
    """
    x, y, d = np.asarray(margin, dtype=np.float64), np.asarray(is_fraud).astype(bool), np.asarray(day)
    days = np.unique(d)
    earlier = d < days[days.size // 2]
    if min(y[earlier].sum(), y[~earlier].sum()) < FEWEST_FRAUDS:
        return Calibrated(fit_beta(x, y), "beta", {})
    losses = {
        name: _log_loss(fit(x[earlier], y[earlier]).apply(x[~earlier]), y[~earlier])
        for name, fit in (("beta", fit_beta), ("isotonic", fit_isotonic))
    }
    if losses["isotonic"] < losses["beta"]:
        return Calibrated(fit_isotonic(x, y), "isotonic", losses)
    return Calibrated(fit_beta(x, y), "beta", losses)


def _log_loss(p: NDArray[np.float64], y: NDArray[np.bool_]) -> float:
    return float(-np.log(np.where(y, p, 1 - p)).mean())
