"""A learner by its name."""

from collections.abc import Callable, Mapping

from jobs.errors import BadRequest
from jobs.science.uplift.learners.fitted import FittedLearner, Learning
from jobs.science.uplift.learners.x_learner import fit_x_learner

DEFAULT = "XLearner"
"""The learner that is fitted where nobody names one."""

_FITS: Mapping[str, Callable[[Learning], FittedLearner]] = {"XLearner": fit_x_learner}

LEARNERS = tuple(_FITS)
"""Names of the learners, as EconML calls them."""


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
    """
    if name not in _FITS:
        raise BadRequest(f"no learner is called {name!r}: choose from {', '.join(LEARNERS)}")
    return _FITS[name](learning)
