"""A learner by its name."""

from collections.abc import Callable, Mapping

import numpy as np

from jobs.errors import BadRequest, BadTrial
from jobs.science.uplift.learners import dr_learner, forests, linear_dml, x_learner
from jobs.science.uplift.learners.fitted import FOLDS, FittedLearner, Learning

DEFAULT = x_learner.NAME
"""The learner that is fitted where nobody names one."""

_FITS: Mapping[str, Callable[[Learning], FittedLearner]] = {
    x_learner.NAME: x_learner.fit_x_learner,
    dr_learner.NAME: dr_learner.fit_dr_learner,
    linear_dml.NAME: linear_dml.fit_linear_dml,
    forests.CAUSAL_FOREST_DML: forests.fit_causal_forest_dml,
    forests.FOREST_DR_LEARNER: forests.fit_forest_dr_learner,
}

LEARNERS = tuple(_FITS)
"""Names of the learners, as EconML calls them."""

PORTABLE = LEARNERS[:3]
"""Those that can be put to work; the others judge heterogeneity."""

FEWEST_ROWS = 2 * FOLDS
"""Rows that every arm needs, so that each part of a cross-fit holds some."""


def fit_learner(name: str, learning: Learning) -> FittedLearner:
    """Fit a learner.

    Parameters
    ----------
    name : str
        One of `LEARNERS`.
    learning : Learning
        Rows of the trial, and how to read them.

    Returns
    -------
    FittedLearner
        Gives effects, standard errors where there are any, and what a scorer carries.

    Raises
    ------
    BadRequest
        If no learner has this name.
    BadTrial
        If an arm has too few rows to cross-fit, or a feature or propensity is not what it must be.
    """
    if name not in _FITS:
        raise BadRequest(f"no learner is called {name!r}: choose from {', '.join(LEARNERS)}")
    _check(learning)
    return _FITS[name](learning)


def _check(learning: Learning) -> None:
    """Refuse rows that no learner can be fitted to, before EconML says so in its own words."""
    counts = np.bincount(learning.arm, minlength=learning.arms)
    scarce = [a for a in range(learning.arms) if counts[a] < FEWEST_ROWS]
    if scarce:
        raise BadTrial(
            f"arm number {scarce[0]} (0 is the control) has {counts[scarce[0]]} rows to learn from: "
            f"give at least {FEWEST_ROWS} of every arm"
        )
    bad = np.flatnonzero(~((learning.propensity > 0.0) & (learning.propensity <= 1.0)))
    if bad.size:
        raise BadTrial(
            f"the propensity of row {bad[0]} is {learning.propensity[bad[0]]}, as in {bad.size} rows: "
            "give values above 0 and at most 1"
        )
    if not np.isfinite(learning.matrix.sum(dtype=np.float64)):
        raise BadTrial("the encoded features hold a missing or infinite number: encode rows with FeatureEncoder")
    if learning.weight is not None and not np.all((learning.weight > 0.0) & np.isfinite(learning.weight)):
        raise BadTrial("a row's weight is not a number above 0: leave rows that count for nothing out")
