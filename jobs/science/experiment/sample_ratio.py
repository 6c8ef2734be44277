"""Were the arms drawn in the shares that the design says? The sample-ratio check."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from jobs.errors import BadTrial

ALARM_BELOW = 0.001
"""A smaller p-value means broken until shown otherwise; the usual .05 would cry wolf every twentieth time."""


@dataclass(frozen=True)
class SampleRatio:
    """The result of a sample-ratio check.

    Parameters
    ----------
    counts : tuple of int
        Rows of every arm.
    expected : tuple of float
        Rows that the design expects of every arm.
    statistic : float
        Chi-square statistic.
    degrees : int
        Its degrees of freedom.
    p_value : float
        Probability of a split at least as far off when the design was followed, in [0, 1].
    """

    counts: tuple[int, ...]
    expected: tuple[float, ...]
    statistic: float
    degrees: int
    p_value: float

    @property
    def mismatch(self) -> bool:
        """Whether the trial must not be read before the cause is known."""
        return self.p_value < ALARM_BELOW


def sample_ratio_by_share(counts: Sequence[int], shares: Sequence[float] | None = None) -> SampleRatio:
    """Test counts of arms against the shares of the design.

    Parameters
    ----------
    counts : sequence of int, length n_arms
        Rows of every arm.
    shares : sequence of float, length n_arms, optional
        Designed shares, each above 0; scaled to sum to 1. Equal by default.

    Returns
    -------
    SampleRatio
        Pearson's chi-square test with ``n_arms - 1`` degrees of freedom.

    Raises
    ------
    BadTrial
        If there are fewer than two arms, no rows, or a share that is not above 0.

    Examples
    --------
    >>> sample_ratio_by_share([21307, 21387, 21306]).mismatch
    False
    >>> sample_ratio_by_share([5000, 5400]).mismatch
    True
    """
    observed = np.asarray(counts, np.float64)
    share = np.ones(len(observed)) if shares is None else np.asarray(shares, np.float64)
    if len(observed) < 2 or observed.sum() <= 0:
        raise BadTrial(f"the arms have {list(counts)} rows: a sample-ratio check needs two arms and some rows")
    if len(share) != len(observed):
        raise BadTrial(f"{len(share)} shares were given for {len(observed)} arms: give one for each")
    if not np.all(share > 0.0) or not np.all(np.isfinite(share)):
        raise BadTrial(f"the design's shares are {share.tolist()}: every arm needs a share above 0")
    expected = share / share.sum() * observed.sum()
    statistic = float(np.sum((observed - expected) ** 2 / expected))
    return _result(observed, expected, statistic, len(observed) - 1)


def sample_ratio_by_propensity(arm: NDArray[np.int64], propensity: NDArray[np.float64], n_arms: int) -> SampleRatio:
    """Test the arms drawn against the probability with which each row's arm was drawn.

    One over the propensity of the rows of an arm sums to the number of all rows when the design was followed. Where
    the propensity is one number for each arm this is Pearson's test; where it varies from row to row, the sums of
    all arms are held against that number by their own covariance.

    Parameters
    ----------
    arm : numpy.ndarray of int64, shape (n_rows,)
        Arm that was drawn, from 0.
    propensity : numpy.ndarray of shape (n_rows,)
        Probability of the arm that was drawn, in (0, 1).
    n_arms : int
        Number of arms.

    Returns
    -------
    SampleRatio
        Chi-square test; `expected` are the rows that the stated propensities imply.

    Raises
    ------
    BadTrial
        If there are fewer than two arms or no rows, or a propensity outside (0, 1).
    """
    bad = np.flatnonzero(~((propensity > 0.0) & (propensity < 1.0)))
    if bad.size:
        raise BadTrial(
            f"the propensity of row {bad[0]} is {propensity[bad[0]]}: it must lie between 0 and 1, both excluded"
        )
    counts = np.bincount(arm, minlength=n_arms)
    if n_arms < 2 or not np.all(counts):
        raise BadTrial(
            f"the arms have {counts.tolist()} rows: a sample-ratio check by propensity needs rows in two arms or more"
        )
    by_arm = [propensity[arm == a] for a in range(n_arms)]
    if all(float(np.ptp(p)) <= 1e-9 for p in by_arm):
        return sample_ratio_by_share(counts.tolist(), [float(p[0]) for p in by_arm])
    drawn = np.zeros((len(arm), n_arms))
    drawn[np.arange(len(arm)), arm] = 1.0 / propensity
    excess = drawn.sum(axis=0) - len(arm)
    covariance = (drawn - 1.0).T @ (drawn - 1.0)
    degrees = int(np.linalg.matrix_rank(covariance, hermitian=True))
    statistic = float(excess @ np.linalg.pinv(covariance, hermitian=True) @ excess)
    expected = counts / (drawn.sum(axis=0) / len(arm))
    return _result(counts.astype(np.float64), expected, statistic, degrees)


def _result(
    observed: NDArray[np.float64], expected: NDArray[np.float64], statistic: float, degrees: int
) -> SampleRatio:
    return SampleRatio(
        tuple(int(c) for c in observed),
        tuple(float(e) for e in expected),
        statistic,
        degrees,
        float(chdtrc(degrees, statistic)),
    )
