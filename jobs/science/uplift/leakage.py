"""Features that know too much: which arm was drawn, or how the outcome came out."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import chdtrc

from jobs.science.uplift.trial import Trial

ALARM_BELOW = 0.001
"""A smaller p-value, after correction for the number of features, is no chance."""

HINT_BELOW = 0.05
"""With a feature that settles the outcome, a p-value below this says that it was measured after the draw."""

SAME_RANKS = 0.97
"""Rank correlation from which a feature is the outcome by another name."""

_BINS = 20
_CLUSTER_BINS = 4
_CLUSTERS_A_DEGREE = 10
_CHANCE = 1e-9
_ROUNDING = 1e-9
_PEARSON_CELL, _SANDWICH_CELL = 10, 50


@dataclass(frozen=True)
class Leak:
    """A feature that knows what no feature can know before the draw.

    Parameters
    ----------
    feature : str
        Name of the column.
    p_value : float
        Of the hypothesis that it is independent of the arm, in [0, 1].
    settles : str
        How it settles the outcome, in words; empty where it does not.
    """

    feature: str
    p_value: float
    settles: str


@dataclass(frozen=True)
class Leaks:
    """What the features of a trial know.

    Parameters
    ----------
    outcomes : tuple of Leak
        Settle the outcome and go with the arm: other outcomes of the same trial, to be left out.
    arm : tuple of Leak
        Predict the arm: measured after the draw, or the draw was not random. Which of the two no data can tell.
    doubtful : tuple of Leak
        Settle the outcome but do not go with the arm: perhaps another outcome, perhaps customers who never buy.
    unchecked : tuple of str
        Features that too few clusters could not be held against.
    """

    outcomes: tuple[Leak, ...]
    arm: tuple[Leak, ...]
    doubtful: tuple[Leak, ...]
    unchecked: tuple[str, ...]


def find_leaks(trial: Trial) -> Leaks:
    """Hold every feature of a randomised trial against the arm and against the outcome.

    What was known before the draw is independent of the arm, given the propensities. Each feature is cut into bins
    and its bins are held against the arms: by Pearson's test where the propensity is one number for each arm, else by
    sums weighted by one over the propensity with their own covariance, clusters kept together.

    Parameters
    ----------
    trial : Trial
        The trial; its rows hold the features as `plain_columns` gives them.

    Returns
    -------
    Leaks
        Features by what they know; one that knows nothing is in none of them.
    """
    outcomes, arm, doubtful, unchecked = [], [], [], []
    for name, kind in trial.features.items():
        bins = _bins(trial.rows.column(name), kind, _BINS)
        p_value = arm_p_value(trial, bins if trial.cluster is None else _bins(trial.rows[name], kind, _CLUSTER_BINS))
        settles = _settles(trial, name, kind, bins)
        if p_value is None:
            unchecked.append(name)
            p_value = 1.0
        leak = Leak(name, p_value, settles)
        if settles and p_value < HINT_BELOW:
            outcomes.append(leak)
        elif p_value * len(trial.features) < ALARM_BELOW:
            arm.append(leak)
        elif settles:
            doubtful.append(leak)
    return Leaks(tuple(outcomes), tuple(arm), tuple(doubtful), tuple(unchecked))


def arm_p_value(trial: Trial, bins: NDArray[np.int64]) -> float | None:
    """Test whether a feature is independent of the arm.

    Parameters
    ----------
    trial : Trial
        The trial.
    bins : numpy.ndarray of int64, shape (n_rows,)
        Bin of each row's value, from 0; rare bins are pooled.

    Returns
    -------
    float or None
        p-value in [0, 1]; 1 where one bin holds nearly all rows, None where clusters are too few to tell.
    """
    n_arms = len(trial.arms)
    constant = trial.cluster is None and all(
        float(np.ptp(trial.propensity[trial.arm == a])) <= 1e-9 for a in range(n_arms)
    )
    least = float(np.min(np.bincount(trial.arm, minlength=n_arms))) / len(trial)
    bins = _pooled(bins, (_PEARSON_CELL if constant else _SANDWICH_CELL) / least)
    n_bins = int(bins.max()) + 1
    if n_bins < 2:
        return 1.0
    if constant:
        counts = np.bincount(bins * n_arms + trial.arm, minlength=n_bins * n_arms).reshape(n_bins, n_arms)
        expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / len(trial)
        return float(chdtrc((n_bins - 1) * (n_arms - 1), np.sum((counts - expected) ** 2 / expected)))
    unit = np.arange(len(trial)) if trial.cluster is None else trial.cluster
    if int(unit.max()) + 1 < _CLUSTERS_A_DEGREE * (n_bins - 1) * (n_arms - 1):
        return None
    return _weighted_p_value(trial, bins, n_bins, unit)


def _weighted_p_value(trial: Trial, bins: NDArray[np.int64], n_bins: int, unit: NDArray[np.int64]) -> float:
    """Test that one over the propensity sums to the same share of every bin, whatever the arm."""
    n, n_arms, units = len(trial), len(trial.arms), int(unit.max()) + 1
    drawn = np.full((n, n_arms), -1.0)
    drawn[np.arange(n), trial.arm] += 1.0 / trial.propensity
    column = bins[:, None] * n_arms + np.arange(n_arms)
    placed = (np.repeat(unit, n_arms), column.ravel())
    in_bin = sparse.coo_array((drawn.ravel(), placed), shape=(units, n_bins * n_arms)).tocsr()
    in_all = sparse.coo_array(
        (drawn.ravel(), (placed[0], np.tile(np.arange(n_arms), n))), shape=(units, n_arms)
    ).tocsr()
    # Each bin's sum less its share of the whole: a share of the rows instead of the design's propensity is no bias.
    spread = np.kron(np.bincount(bins, minlength=n_bins) / n, np.eye(n_arms)).T
    excess = in_bin.sum(axis=0) - spread @ in_all.sum(axis=0)
    cross = (in_bin.T @ in_all).toarray() @ spread.T
    covariance = (in_bin.T @ in_bin).toarray() - cross - cross.T + spread @ (in_all.T @ in_all).toarray() @ spread.T
    # Arms and bins sum to wholes: directions that only rounding fills are no degrees of freedom.
    size, direction = np.linalg.eigh(covariance)
    real = size > _ROUNDING * max(float(size[-1]), 0.0)
    statistic = float(np.sum((direction[:, real].T @ excess) ** 2 / size[real]))
    degrees = int(real.sum())
    return float(chdtrc(degrees, statistic)) if degrees else 1.0


def _bins(column: pa.ChunkedArray, kind: str, most: int) -> NDArray[np.int64]:
    """Cut a feature into bins; missing values are one of their own."""
    if kind == "category":
        coded = column.cast(pa.string()).combine_chunks().dictionary_encode()
        return np.asarray(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64) + 1
    values = _numbers(column)
    present = np.isfinite(values)
    distinct = np.unique(values[present])
    if len(distinct) > most:
        # The lowest value is a bin of its own: where most customers did nothing, nothing is it.
        quantiles = np.quantile(values[present], np.linspace(0.0, 1.0, most + 1)[1:-1], method="lower")
        distinct = np.unique([distinct[0], *quantiles])
    return np.where(present, np.searchsorted(distinct, np.where(present, values, 0.0)) + 1, 0)


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    number = column.cast(pa.uint8()) if pa.types.is_boolean(column.type) else column
    return np.asarray(number.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)


def _pooled(bins: NDArray[np.int64], least_rows: float) -> NDArray[np.int64]:
    """Pool bins with few rows, with the fullest where even together they are few; number what is left from 0."""
    counts = np.bincount(bins)
    rare = (counts > 0) & (counts < least_rows)
    into = np.arange(len(counts))
    into[rare] = len(counts) if counts[rare].sum() >= least_rows else int(np.argmax(counts))
    return np.unique(into[bins], return_inverse=True)[1].astype(np.int64)


def _settles(trial: Trial, name: str, kind: str, bins: NDArray[np.int64]) -> str:
    """Say how a feature settles the outcome, or nothing where it does not."""
    outcome = trial.outcome
    counts = np.bincount(bins)
    low, high = np.full(len(counts), np.inf), np.full(len(counts), -np.inf)
    np.minimum.at(low, bins, outcome)
    np.maximum.at(high, bins, outcome)
    settled = [int(b) for b in np.flatnonzero((counts > 0) & (low == high))]
    for b in sorted(settled, key=lambda b: -counts[b]):
        share = float(np.mean(outcome == low[b]))
        if counts[b] * np.log(share) < np.log(_CHANCE):
            return f"all {counts[b]:,} customers with {_level(name, trial.rows[name], bins, b)} have the same outcome"
    if kind == "number":
        values = _numbers(trial.rows[name])
        present = np.isfinite(values)
        if present.sum() > 2 and np.ptp(values[present]) > 0.0 and np.ptp(outcome[present]) > 0.0:
            ranks = np.corrcoef(_ranks(values[present]), _ranks(outcome[present]))[0, 1]
            if abs(ranks) >= SAME_RANKS:
                return "it rises and falls with the outcome"
    return ""


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks, equals sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - 0.5 * counts)[place])


def _level(name: str, column: pa.ChunkedArray, bins: NDArray[np.int64], b: int) -> str:
    if b == 0:
        return f"no {name}"
    values = column.filter(pa.array(bins == b)).drop_null()
    first, last = (
        f"{v:g}" if isinstance(v, float) else str(v) for v in (pc.min(values).as_py(), pc.max(values).as_py())
    )
    return f"{name} {first}" if first == last else f"{name} {first} to {last}"
