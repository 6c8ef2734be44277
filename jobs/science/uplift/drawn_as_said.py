"""Was the draw what the file says of it? Clusters that lie across arms, propensities that do not sum to one."""

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadTrial

_DOUBTLESS = 5.0
"""Standard errors from which a count is no chance."""

_MOSTLY = 0.5


def clusters_across(arm: NDArray[np.int64], cluster: NDArray[np.int64], where: str) -> str:
    """Look for clusters with rows in more than one arm.

    Where arms were drawn row by row most larger clusters lie across them, and as many lie in one arm as chance brings.
    Where whole clusters were drawn none does; if a few do all the same, their rows were mixed up after the draw, and
    taking all rows for drawn one by one would make every interval too narrow.

    Parameters
    ----------
    arm : numpy.ndarray of int64, shape (n_rows,)
        Arm of each row, from 0.
    cluster : numpy.ndarray of int64, shape (n_rows,)
        Cluster of each row, from 0.
    where : str
        File and column, for messages.

    Returns
    -------
    str
        What to look at, in one sentence, where rows of a cluster were drawn into several arms; empty where none were.

    Raises
    ------
    BadTrial
        If most clusters lie in one arm, many more than chance brings, and some do not.

    Examples
    --------
    >>> clusters_across(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), "t.csv, column 'home'")
    ''
    """
    arms, clusters = int(arm.max()) + 1, int(cluster.max()) + 1
    rows = np.bincount(cluster * arms + arm, minlength=clusters * arms).reshape(clusters, arms)
    size = rows.sum(axis=1)
    whole = (rows.max(axis=1) == size)[size > 1]
    across = int(np.sum(~whole))
    if not across:
        return ""
    shares = np.bincount(arm, minlength=arms) / len(arm)
    by_chance = np.sum(shares ** size[size > 1][:, None], axis=1)
    spread = np.sqrt(np.sum(by_chance * (1.0 - by_chance)))
    if np.mean(whole) > _MOSTLY and whole.sum() - by_chance.sum() > _DOUBTLESS * spread:
        raise BadTrial(
            f"{where}: {across:,} of {len(whole):,} clusters have rows in more than one arm while the others lie whole "
            "in one, as if whole clusters were drawn: find out how those were mixed up, or take them out"
        )
    return (
        f"{across:,} of {len(whole):,} clusters have rows in more than one arm: arms were drawn row by row, and what "
        "one of a cluster was sent may have moved the others."
    )


def check_propensity_sums(arm: NDArray[np.int64], propensity: NDArray[np.float64], where: str) -> None:
    """Refuse propensities that vary and cannot sum to one.

    Of each row only the probability of the arm that was drawn is known. If it is right, one over it sums, in every
    arm, to the number of all rows; if the propensities of the arms sum to s instead of 1, it sums to one over s as
    many, in every arm alike.

    Parameters
    ----------
    arm : numpy.ndarray of int64, shape (n_rows,)
        Arm of each row, from 0.
    propensity : numpy.ndarray of shape (n_rows,)
        Probability of the arm that was drawn, in (0, 1).
    where : str
        File and column, for messages.

    Raises
    ------
    BadTrial
        If in every arm the sum misses the number of rows beyond chance, and to the same side.
    """
    arms = int(arm.max()) + 1
    drawn = np.zeros((len(arm), arms))
    drawn[np.arange(len(arm)), arm] = 1.0 / propensity
    excess = drawn.mean(axis=0) - 1.0
    beyond = excess / (drawn.std(axis=0) / np.sqrt(len(arm)))
    if np.all(beyond > _DOUBTLESS) or np.all(beyond < -_DOUBTLESS):
        total = 1.0 / (1.0 + float(np.mean(excess)))
        raise BadTrial(
            f"{where}: the propensities of the arms sum to about {total:.2g}, not to 1: give the probability of the "
            "arm that was drawn, as it was when it was drawn"
        )


def among_judged(arm: NDArray[np.int64], propensity: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    """Return the propensities of rows whose trial had more arms than are judged: given that it was one of these.

    Parameters
    ----------
    arm : numpy.ndarray of int64, shape (n_rows,)
        Arm of each row that is judged, from 0.
    propensity : numpy.ndarray of shape (n_rows,)
        Probability of that arm among all arms of the trial, in (0, 1).
    where : str
        File and column, for messages.

    Raises
    ------
    BadTrial
        If the propensity varies within an arm: the probability of having been drawn into one of the judged arms is
        then another for every row, and no column says it.

    Examples
    --------
    >>> among_judged(np.array([0, 1]), np.array([0.2, 0.2]), "t.csv").tolist()
    [0.5, 0.5]
    """
    of_arm = [propensity[arm == a] for a in range(int(arm.max()) + 1)]
    if any(float(np.ptp(p)) > 1e-9 for p in of_arm):
        raise BadTrial(
            f"{where}: propensities vary and --arms leaves out other arms, so nobody can tell how likely the judged "
            "ones were: judge all arms"
        )
    return propensity / sum(float(p[0]) for p in of_arm)
