"""Many metrics and arms at once: p-values that have paid for all of them, as the decision rule states."""

from typing import Literal, get_args

import numpy as np

from jobs.errors import BadRequest
from jobs.science.experiment.moments import Floats

Correction = Literal["none", "holm", "benjamini-hochberg"]


def holm_adjusted(p_values: Floats) -> Floats:
    """Adjust p-values so that claiming at p < a is wrong anywhere at all with a chance of at most a.

    Parameters
    ----------
    p_values : numpy.ndarray of shape (n_tests,)
        One a hypothesis, however they depend on each other.

    Returns
    -------
    numpy.ndarray of shape (n_tests,)
        In the same order, none below its p-value, at most 1.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6.

    Examples
    --------
    >>> holm_adjusted(np.array([0.03, 0.01, 0.02])).round(6).tolist()
    [0.04, 0.03, 0.04]
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    paid = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(paid, 1.0)
    return adjusted


def benjamini_hochberg_adjusted(p_values: Floats) -> Floats:
    """Adjust p-values so that, of the claims made at p < q, a share of at most q is wrong on average.

    Parameters
    ----------
    p_values : numpy.ndarray of shape (n_tests,)
        One a hypothesis, independent or positively dependent.

    Returns
    -------
    numpy.ndarray of shape (n_tests,)
        In the same order, none below its p-value, at most 1.

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate. Journal of the Royal Statistical Society B 57.

    Examples
    --------
    >>> benjamini_hochberg_adjusted(np.array([0.01, 0.04, 0.03])).round(6).tolist()
    [0.03, 0.04, 0.04]
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(-p, kind="stable")
    paid = np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(paid, 1.0)
    return adjusted


def adjusted(p_values: Floats, correction: Correction) -> Floats:
    """Return p-values corrected as a rule states.

    Parameters
    ----------
    p_values : numpy.ndarray of shape (n_tests,)
        One a hypothesis, in [0, 1].
    correction : str
        ``none``, ``holm`` (no wrong claim at all) or ``benjamini-hochberg`` (few wrong claims among those made).

    Returns
    -------
    numpy.ndarray of shape (n_tests,)

    Raises
    ------
    BadRequest
        If the correction is another, or a p-value is none.

    Examples
    --------
    >>> adjusted(np.array([0.01, 0.04]), "holm").tolist()
    [0.02, 0.04]
    """
    p = np.asarray(p_values, np.float64)
    if not np.all((p >= 0.0) & (p <= 1.0)):
        raise BadRequest(f"p-values are {p.tolist()}: each must be in [0, 1].")
    if correction not in get_args(Correction):
        raise BadRequest(f"correction {correction!r}: choose {', '.join(get_args(Correction))}.")
    if correction == "none":
        return p
    return holm_adjusted(p) if correction == "holm" else benjamini_hochberg_adjusted(p)
