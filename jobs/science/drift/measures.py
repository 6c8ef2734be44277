"""Distances between a batch and its reference, both as counts in the same bins; shares are taken as they are.

Every one is None where there is nothing to compare: no row on one side, or no row with a value.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, xlogy

from jobs.errors import BadRequest
from jobs.science.drift.bins import Bins, CategoryBins, NumberBins
from jobs.science.drift.counts import VariableCounts

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChiSquare:
    """Pearson's test that a batch and its reference have the same shares.

    Parameters
    ----------
    statistic : float
        Sum of (met - expected)² / expected, >= 0.
    freedom : int
        Degrees of freedom: bins met on either side, less one.
    p_value : float
        In [0, 1]; of little worth with many rows, where any difference is certain.
    cramers_v : float
        Size of the effect, in [0, 1]: root of the statistic over all rows. It does not grow with the rows.
    """

    statistic: float
    freedom: int
    p_value: float
    cramers_v: float


@dataclass(frozen=True)
class Distances:
    """All distances of one variable; None where one is not defined.

    Parameters
    ----------
    jensen_shannon : float or None
        Jensen-Shannon distance over bins and missing, in [0, 1].
    kolmogorov_smirnov : float or None
        Largest distance of the two distribution functions at the bins' edges, in [0, 1]; of numbers.
    wasserstein : float or None
        Earth mover's distance, in the unit of the variable; of numbers.
    cramers_v : float or None
        Effect size of the chi-square test over categories and missing, in [0, 1]; of categories.
    unseen_share : float or None
        Share of the batch in categories without a bin, in [0, 1]; of categories.
    """

    jensen_shannon: float | None
    kolmogorov_smirnov: float | None
    wasserstein: float | None
    cramers_v: float | None
    unseen_share: float | None


def distances(bins: Bins, batch: VariableCounts, reference: VariableCounts) -> Distances:
    """Measure every distance that the kind of variable has.

    Parameters
    ----------
    bins : NumberBins or CategoryBins
        Bins that both were counted in.
    batch, reference : VariableCounts
        Counts in them.

    Returns
    -------
    Distances
        None where one is not defined.

    Raises
    ------
    BadRequest
        If one side was counted with other bins, such as those of a retired model.

    Examples
    --------
    >>> found = distances(NumberBins((10.0, 20.0)), VariableCounts((1, 1, 2), 0), VariableCounts((2, 1, 1), 0))
    >>> found.kolmogorov_smirnov, found.wasserstein
    (0.25, 2.5)
    """
    for what, counts in (("batch", batch), ("reference", reference)):
        if len(counts.bins) != bins.size:
            raise BadRequest(
                f"{what} has counts of {len(counts.bins)} bins, the profile {bins.size}: count with its bins"
            )
    number = isinstance(bins, NumberBins)
    tested = None if number else chi_square(batch, reference)
    return Distances(
        jensen_shannon=jensen_shannon_distance(batch, reference),
        kolmogorov_smirnov=kolmogorov_smirnov(batch, reference) if number else None,
        wasserstein=wasserstein_distance(bins, batch, reference) if isinstance(bins, NumberBins) else None,
        cramers_v=tested.cramers_v if tested else None,
        unseen_share=batch.bins[-1] / batch.rows if isinstance(bins, CategoryBins) and batch.rows else None,
    )


def jensen_shannon_distance(batch: VariableCounts, reference: VariableCounts) -> float | None:
    """Return the root of the Jensen-Shannon divergence in bits, missing values being a bin too: 0 alike, 1 apart.

    References
    ----------
    .. [1] Lin, J. (1991). Divergence measures based on the Shannon entropy. IEEE Trans. Inf. Theory 37, 145-151.

    Examples
    --------
    >>> jensen_shannon_distance(VariableCounts((4, 0), 0), VariableCounts((0, 9), 0))
    1.0
    """
    if not batch.rows or not reference.rows:
        return None
    p, q = (np.array([*c.bins, c.missing]) / c.rows for c in (batch, reference))
    middle = (p + q) / 2
    entropies = [float(np.sum(xlogy(s, s))) for s in (p, q, middle)]
    bits = ((entropies[0] + entropies[1]) / 2 - entropies[2]) / np.log(2)
    return float(np.sqrt(min(max(bits, 0.0), 1.0)))


def kolmogorov_smirnov(batch: VariableCounts, reference: VariableCounts) -> float | None:
    """Return the largest distance of the two distribution functions at the edges of the bins, among known values.

    Inside a bin the functions may lie further apart: it is a lower bound of the statistic of the raw values,
    short of it by no more than the larger share of the two in any bin.
    """
    both = _known_shares(batch, reference)
    return None if both is None else float(np.max(np.abs(np.cumsum(both[0] - both[1])), initial=0.0))


def wasserstein_distance(bins: NumberBins, batch: VariableCounts, reference: VariableCounts) -> float | None:
    """Return how far values must be moved on average to turn the reference into the batch, in their own unit.

    Values of a bin stand in its middle, those of the first and last bin, which are open, at its edge: beyond the
    edges only KS, the Jensen-Shannon distance and the stability index see how many there are, and none sees how far.
    Missing values are left out. A column without two edges has no distance.

    References
    ----------
    .. [1] Vallender, S. S. (1974). Calculation of the Wasserstein distance between probability distributions
       on the line. Theory Probab. Appl. 18, 784-786.

    Examples
    --------
    >>> wasserstein_distance(NumberBins((0.0, 10.0)), VariableCounts((0, 0, 4), 0), VariableCounts((4, 0, 0), 0))
    10.0
    """
    both = _known_shares(batch, reference)
    if both is None or len(bins.edges) < 2:
        return None
    return float(np.sum(np.abs(np.cumsum(both[0] - both[1])[:-1]) * np.diff(places(bins))))


def places(bins: NumberBins) -> Floats:
    """Return where the values of each bin are taken to stand: in its middle, or at its only edge.

    Examples
    --------
    >>> places(NumberBins((0.0, 10.0, 30.0))).tolist()
    [0.0, 5.0, 20.0, 30.0]
    """
    edges = np.array(bins.edges)
    # Halves before the sum: two large edges must not overflow.
    return np.concatenate([edges[:1], edges[:-1] / 2 + edges[1:] / 2, edges[-1:]])


def chi_square(batch: VariableCounts, reference: VariableCounts) -> ChiSquare | None:
    """Test that both have the same shares of every bin, missing values being one; bins met by neither are left out.

    References
    ----------
    .. [1] Cramér, H. (1946). Mathematical Methods of Statistics, chapter 21.

    Examples
    --------
    >>> found = chi_square(VariableCounts((30, 10), 0), VariableCounts((50, 50), 0))
    >>> round(found.statistic, 2), found.freedom, round(found.cramers_v, 3)
    (7.29, 1, 0.228)
    """
    if not batch.rows or not reference.rows:
        return None
    met = np.array([[*c.bins, c.missing] for c in (batch, reference)], dtype=np.float64)
    met = met[:, met.sum(axis=0) > 0]
    rows, freedom = met.sum(), met.shape[1] - 1
    expected = met.sum(axis=1, keepdims=True) * met.sum(axis=0) / rows
    statistic = float(np.sum((met - expected) ** 2 / expected)) if freedom else 0.0
    p_value = float(chdtrc(freedom, statistic)) if freedom else 1.0
    return ChiSquare(statistic, freedom, p_value, float(np.sqrt(min(statistic / rows, 1.0))))


def _known_shares(batch: VariableCounts, reference: VariableCounts) -> tuple[Floats, Floats] | None:
    """Shares of the bins among the rows with a value, or None where a side has none."""
    if not sum(batch.bins) or not sum(reference.bins):
        return None
    return np.array(batch.bins) / sum(batch.bins), np.array(reference.bins) / sum(reference.bins)
