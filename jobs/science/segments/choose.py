"""How many segments there are: as many as come again in other samples and lie closer than one segment would."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.science.segments.agreement import adjusted_rand_index, overlaps
from jobs.science.segments.kmeans import fit_centres, nearest, within
from jobs.science.segments.reference import Reference

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Bars:
    """What a number of segments must reach to be believed.

    Parameters
    ----------
    agreement : float
        Least mean adjusted Rand index between the grouping and those of other samples.
    overlap : float
        Least mean Jaccard overlap of every single segment.
    gap : float
        Least by which customers must lie closer to their centres than those of a population of one segment do, as a
        share of the distance left.
    near_best : float
        A number whose least stable segment overlaps so little less than that of the best number is as good as it,
        and the largest is taken: a cloud that is cut in two only because it is long overlaps less than that.
    share : float
        Smallest segment, as a share of the customers.
    """

    agreement: float = 0.8
    overlap: float = 0.75
    gap: float = 0.1
    near_best: float = 0.03
    share: float = 0.02


@dataclass(frozen=True)
class Candidate:
    """What was found of one number of segments.

    Parameters
    ----------
    segments : int
        How many, at least 2.
    agreement : float or None
        Mean adjusted Rand index with groupings of other samples; None where the customers do not lie closer than
        one segment would, which agreement cannot mend.
    overlap : float or None
        Mean Jaccard overlap of the least stable segment; None likewise.
    gap : float
        How much closer customers lie than those of one segment, as a share.
    beats : int
        Of the populations of one segment that were drawn, how many lie less close.
    draws : int
        How many were drawn.
    smallest : float
        Share of the smallest segment.
    believed : bool
        Whether every bar is reached.
    """

    segments: int
    agreement: float | None
    overlap: float | None
    gap: float
    beats: int
    draws: int
    smallest: float
    believed: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)


def choose_number(
    x: Matrix, r: np.random.Generator, *, most: int, samples: int, draws: int, bars: Bars
) -> tuple[int, tuple[Candidate, ...]]:
    """Choose how many segments customers fall into; 1 where there is no structure to be believed.

    Parameters
    ----------
    x : ndarray of shape (n_customers, n_features)
        Scaled features, none of them constant.
    r : numpy.random.Generator
        Source of samples and draws.
    most : int
        Largest number to try, >= 2.
    samples : int
        Bootstrap samples for the agreement, >= 1.
    draws : int
        Populations of one segment to compare with, >= 1; all of them must lie less close.
    bars : Bars
        What a number must reach.

    Returns
    -------
    int, tuple of Candidate
        The number, and what was found of each that was tried.
    """
    reference = Reference.fit(x)
    tried = range(2, min(most, len(x) - 1) + 1)
    centres = {k: fit_centres(x, k, r) for k in tried}
    left = {k: within(x, c) / within(x, x.mean(axis=0, keepdims=True)) for k, c in centres.items()}
    left_of_one = _left_of_one(reference, len(x), tried, r, draws)
    candidates = []
    for k, c in centres.items():
        labels = nearest(x, c)
        smallest = float(np.bincount(labels, minlength=k).min() / len(x))
        gap = 1.0 - left[k] / float(left_of_one[k].mean())
        beats = int((left_of_one[k] > left[k]).sum())
        agreement = overlap = None
        believed = False
        if beats == draws and gap >= bars.gap:
            agreement, overlap = _agreement(x, labels, k, r, samples)
            believed = agreement >= bars.agreement and overlap >= bars.overlap and smallest >= bars.share
        candidates.append(Candidate(k, agreement, overlap, gap, beats, draws, smallest, believed))
    return _best(candidates, bars), tuple(candidates)


def _best(candidates: Sequence[Candidate], bars: Bars) -> int:
    believed = [c for c in candidates if c.believed]
    most = max((c.overlap or 0.0 for c in believed), default=0.0)
    return max((c.segments for c in believed if (c.overlap or 0.0) >= most - bars.near_best), default=1)


def _left_of_one(
    reference: Reference, n: int, tried: range, r: np.random.Generator, draws: int
) -> dict[int, NDArray[np.float64]]:
    """Share of the distance that is left in populations of one segment, by number of segments."""
    left: dict[int, list[float]] = {k: [] for k in tried}
    for _ in range(draws):
        one = reference.draw(n, r)
        in_all = within(one, one.mean(axis=0, keepdims=True))
        for k in tried:
            left[k].append(within(one, fit_centres(one, k, r, starts=2)) / in_all)
    return {k: np.array(values) for k, values in left.items()}


def _agreement(
    x: Matrix, labels: NDArray[np.int64], k: int, r: np.random.Generator, samples: int
) -> tuple[float, float]:
    """Mean adjusted Rand index with the groupings of bootstrap samples, and the least stable segment's mean overlap."""
    index, own = [], []
    for _ in range(samples):
        other = nearest(x, fit_centres(x[r.integers(len(x), size=len(x))], k, r, starts=6))
        index.append(adjusted_rand_index(labels, other))
        own.append(overlaps(labels, other))
    return float(np.mean(index)), float(np.mean(own, axis=0).min())
