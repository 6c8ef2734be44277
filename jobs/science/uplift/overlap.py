"""Do the arms hold comparable customers? Effective sample sizes, the least propensities, and what is trimmed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadTrial

LEAST_PROPENSITY = 0.02
"""Below it a row would stand for more than fifty customers: it says more of itself than of them."""


@dataclass(frozen=True)
class ArmOverlap:
    """How well the rows of one arm stand for all customers.

    Parameters
    ----------
    arm : str
        Name of the arm.
    rows : int
        Rows of the arm.
    effective_rows : float
        Rows of equal weight that would be as sure: (sum of weights)^2 / sum of squared weights, in [1, rows].
    least, median : float
        Least and median propensity of this arm over the rows of all arms, in [0, 1].
    """

    arm: str
    rows: int
    effective_rows: float
    least: float
    median: float


@dataclass(frozen=True)
class Overlap:
    """The overlap of a trial.

    Parameters
    ----------
    arms : tuple of ArmOverlap
        One for each arm, the control first.
    trimmed_rows : int
        Rows with a propensity of some arm below `limit`: left out, the answer speaks of the others.
    limit : float
        Least propensity that is let through.
    """

    arms: tuple[ArmOverlap, ...]
    trimmed_rows: int
    limit: float

    @property
    def sentence(self) -> str:
        """What a reader must know, in one sentence."""
        worst = min(self.arms, key=lambda a: a.effective_rows / a.rows)
        trimmed = f"{self.trimmed_rows:,} rows were left out, whose propensity of some arm is below {self.limit:g}; "
        return (
            trimmed if self.trimmed_rows else "no row had to be left out; "
        ) + f"the {worst.rows:,} rows of {worst.arm} are as good as {round(worst.effective_rows):,} of equal weight"


def trim(propensity: NDArray[np.float64], limit: float = LEAST_PROPENSITY) -> NDArray[np.bool_]:
    """Return which rows to keep: those that could have been in every arm.

    Parameters
    ----------
    propensity : numpy.ndarray of shape (n_rows, n_arms)
        Probability of every arm, control first.
    limit : float
        Least propensity that is let through, in (0, 1).

    References
    ----------
    Crump, Hotz, Imbens and Mitnik (2009), Dealing with limited overlap in estimation of average treatment effects.
    Biometrika 96.

    Examples
    --------
    >>> trim(np.array([[0.5, 0.5], [0.99, 0.01]])).tolist()
    [True, False]
    """
    return np.asarray(propensity.min(axis=1) >= limit)


def overlap_of(
    names: tuple[str, ...],
    arm: NDArray[np.int64],
    propensity: NDArray[np.float64],
    limit: float = LEAST_PROPENSITY,
    fewest_rows: int = 1,
) -> Overlap:
    """Report the overlap after trimming.

    Parameters
    ----------
    names : tuple of str
        Names of the arms, the control first.
    arm : numpy.ndarray of int64, shape (n_rows,)
        Arm of each row, before trimming.
    propensity : numpy.ndarray of shape (n_rows, n_arms)
        Probability of every arm, control first.
    limit : float
        Least propensity that is let through, in (0, 1).
    fewest_rows : int
        Rows that every arm needs after trimming, at least 1.

    Returns
    -------
    Overlap
        Figures of the rows that `trim` keeps.

    Raises
    ------
    BadTrial
        If the probabilities of a row do not sum to one, or trimming leaves an arm too few rows.

    Examples
    --------
    >>> overlap_of(("none", "mail"), np.array([0, 1, 1]), np.full((3, 2), 0.5)).sentence
    'no row had to be left out; the 1 rows of none are as good as 1 of equal weight'
    """
    off = np.flatnonzero(~(np.abs(propensity.sum(axis=1) - 1.0) <= 1e-6))
    if off.size:
        raise BadTrial(
            f"the propensities of row {off[0]} sum to {propensity[off[0]].sum():.4g}, not to 1, as in {off.size} rows: "
            "give the probability of each arm as drawn"
        )
    keep = trim(propensity, limit)
    arms = []
    for a, name in enumerate(names):
        own = propensity[keep & (arm == a), a]
        if len(own) < fewest_rows:
            raise BadTrial(
                f"{len(own)} of {int(np.sum(arm == a)):,} rows of {name!r} are left once those are out whose "
                f"propensity of some arm is below {limit:g}: the arms hold different customers and cannot be compared"
            )
        weight = 1.0 / own
        of_all = propensity[keep, a]
        effective = float(weight.sum() ** 2 / np.sum(weight**2))
        arms.append(ArmOverlap(name, len(own), effective, float(of_all.min()), float(np.median(of_all))))
    return Overlap(tuple(arms), int(np.sum(~keep)), limit)
