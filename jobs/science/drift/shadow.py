"""Two fraud models on the same payments: what the challenger would have done otherwise than the champion."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import rankdata

from jobs.errors import BadRows
from jobs.science.drift.bins import NumberBins
from jobs.science.drift.counts import Counter, VariableCounts
from jobs.science.drift.psi import population_stability_index
from jobs.science.fraud.ranking import Ranker

_BINS = NumberBins((0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3))
"""Bins of probabilities. Calibrated ones stand on steps of their own model: bins at its quantiles would tell only that
the steps differ."""


@dataclass(frozen=True)
class Shadow:
    """How far a challenger is from the champion on the same rows.

    Parameters
    ----------
    payments : int
        Rows that both scored.
    changed : dict of str to int
        Payments by "outcome of the champion > outcome of the challenger", where the two differ.
    changed_share : float
        Share of payments whose outcome differs, in [0, 1].
    rank_correlation : float or None
        Spearman's, of the probabilities, in [-1, 1]; None where a model gives all payments the same.
    psi : float
        Population stability index of the challenger's probabilities against the champion's, in nat, in fixed bins.
    champion_mean, challenger_mean : float
        Mean probability.
    labelled, frauds : int
        Payments whose label is known, and frauds among them.
    champion_ap, challenger_ap : float or None
        Average precision of both on the labelled rows; None without a fraud or without a genuine payment.
    """

    payments: int
    changed: dict[str, int]
    changed_share: float
    rank_correlation: float | None
    psi: float
    champion_mean: float
    challenger_mean: float
    labelled: int
    frauds: int
    champion_ap: float | None
    challenger_ap: float | None


def compare(
    champion: NDArray[np.float64],
    challenger: NDArray[np.float64],
    outcomes: tuple[NDArray[np.str_], NDArray[np.str_]],
    is_fraud: NDArray[np.bool_] | None = None,
    matured: NDArray[np.bool_] | None = None,
) -> Shadow:
    """Hold a challenger's probabilities and outcomes against the champion's.

    Parameters
    ----------
    champion, challenger : array of float of shape (n_payments,)
        Probabilities of fraud, in [0, 1].
    outcomes : pair of arrays of str of shape (n_payments,)
        What the champion, then the challenger would do with each payment.
    is_fraud, matured : array of bool of shape (n_payments,), optional
        Labels, and whether each is known.

    Raises
    ------
    BadRows
        If there is no payment.

    Examples
    --------
    >>> import numpy as np
    >>> same = np.array(["approve", "approve", "review"])
    >>> found = compare(np.array([0.1, 0.2, 0.9]), np.array([0.1, 0.3, 0.8]), (same, np.array(["approve"] * 3)))
    >>> found.changed, round(found.changed_share, 3), found.rank_correlation
    ({'review > approve': 1}, 0.333, 1.0)
    """
    n = len(champion)
    if not n:
        raise BadRows("there is no payment to hold two models against each other on: ask for another day.")
    was, would = (np.asarray(of).astype(str) for of in outcomes)
    pairs, counts = np.unique(np.stack([was, would])[:, was != would], axis=1, return_counts=True)
    changed = {f"{one} > {other}": int(k) for one, other, k in zip(*pairs, counts, strict=True)}
    known = matured if matured is not None and is_fraud is not None else np.zeros(n, bool)
    labels = is_fraud[known] if is_fraud is not None else np.zeros(0, bool)
    both = 0 < labels.sum() < len(labels)
    ap = [
        float(Ranker(labels, of[known]).ranking().average_precision) if both else None for of in (champion, challenger)
    ]
    return Shadow(
        payments=n,
        changed=dict(sorted(changed.items(), key=lambda item: (-item[1], item[0]))),
        changed_share=sum(changed.values()) / n,
        rank_correlation=_spearman(champion, challenger),
        psi=population_stability_index(_count(challenger), _count(champion)),
        champion_mean=float(champion.mean()),
        challenger_mean=float(challenger.mean()),
        labelled=int(known.sum()),
        frauds=int(labels.sum()),
        champion_ap=ap[0],
        challenger_ap=ap[1],
    )


def _count(values: NDArray[np.float64]) -> VariableCounts:
    counter = Counter({"score": _BINS})
    counter.add(pa.table({"score": values}))
    return counter.counts()["score"]


def _spearman(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return round(float(np.corrcoef(rankdata(one), rankdata(other))[0, 1]), 12)
