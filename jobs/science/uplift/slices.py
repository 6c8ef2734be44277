"""Effects by slice of the customers, such as a segment: exploratory, they decide nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadRequest
from jobs.science.experiment.multiplicity import holm_adjusted
from jobs.science.uplift.calibration import calibration_slope
from jobs.science.uplift.estimate import Estimate, mean_estimate, sum_error
from jobs.science.uplift.half_samples import RESAMPLES
from jobs.science.uplift.negative_share import NegativeShare, negative_share
from jobs.science.uplift.rate import Rate, rate
from jobs.science.uplift.trial import Trial

FEWEST_ROWS = 100
"""Held-out rows below which an interval of a slice is too sure of itself: the slice is left out."""


@dataclass(frozen=True)
class SliceJudgement:
    """What the untouched rows of one slice say of one arm.

    Parameters
    ----------
    slice : str
        Name of the slice.
    arm : str
        Name of the arm.
    rows : int
        Held-out rows of the slice, of all arms.
    promised_eur : float
        Mean shrunk effect, in euro a customer.
    measured : Estimate
        Mean effect against the control, in euro a customer. Its 95% interval is that of one look: of twenty slices
        without an effect, one is expected to seem to have some.
    differs_p : float
        P-value that the effect inside differs from that outside, Holm over all slices and arms: it has paid for all
        looks. 1 where nothing is outside.
    slope : Estimate
        Calibration slope of the promises inside: 1 where their differences are true, 0 where they are noise.
    rate : Rate
        AUTOC and QINI of ranking by promise inside.
    negative : NegativeShare
        Promised harm inside, and harm beyond doubt.
    """

    slice: str
    arm: str
    rows: int
    promised_eur: float
    measured: Estimate
    differs_p: float
    slope: Estimate
    rate: Rate
    negative: NegativeShare


def judge_slices(
    slice_of: Sequence[str] | NDArray[np.str_],
    held: Trial,
    promised: NDArray[np.float64],
    lift: NDArray[np.float64],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[SliceJudgement, ...]:
    """Judge each arm within each slice.

    Parameters
    ----------
    slice_of : sequence of str, length n_held
        Slice of each held-out row, known before its contact.
    held : Trial
        Rows that no learner saw.
    promised, lift : ndarray of shape (n_held, n_arms - 1)
        Shrunk effects and doubly robust scores against the control, in euro.
    resamples : int
        Half samples behind the errors of AUTOC and QINI.
    seed : int
        Seed of the half samples.

    Returns
    -------
    tuple of SliceJudgement
        One for each slice of FEWEST_ROWS and more and each arm but the control, in the order of the names.

    Raises
    ------
    BadRequest
        If there is not one slice a row.
    """
    names = np.asarray(slice_of, dtype=str)
    if len(names) != len(held):
        raise BadRequest(f"{len(names)} slices were given for {len(held)} held-out rows: give one a row.")
    looks = [
        (str(name), names == name, a)
        for name, rows in zip(*np.unique(names, return_counts=True), strict=True)
        if rows >= FEWEST_ROWS
        for a in range(len(held.arms) - 1)
    ]
    differs = holm_adjusted(np.array([_differs_p(lift[:, a], inside, held.cluster) for _, inside, a in looks]))
    return tuple(
        _judge(name, inside, a, float(p), held, promised[inside, a], lift[inside, a], resamples, seed)
        for (name, inside, a), p in zip(looks, differs, strict=True)
    )


def _judge(
    name: str,
    inside: NDArray[np.bool_],
    arm: int,
    differs_p: float,
    held: Trial,
    promised: NDArray[np.float64],
    lift: NDArray[np.float64],
    resamples: int,
    seed: int,
) -> SliceJudgement:
    cluster = None if held.cluster is None else held.cluster[inside]
    return SliceJudgement(
        slice=name,
        arm=held.arms[arm + 1],
        rows=len(lift),
        promised_eur=float(promised.mean()),
        measured=mean_estimate(lift, cluster),
        differs_p=differs_p,
        slope=calibration_slope(promised, lift, cluster),
        rate=rate(promised, lift, cluster=cluster, resamples=resamples, seed=seed),
        negative=negative_share(promised, lift, cluster),
    )


def _differs_p(lift: NDArray[np.float64], inside: NDArray[np.bool_], cluster: NDArray[np.int64] | None) -> float:
    """Two-sided; a cluster with rows on both sides counts once."""
    if inside.all():
        return 1.0
    here, there = float(np.mean(lift[inside])), float(np.mean(lift[~inside]))
    residual = np.where(inside, (lift - here) / np.sum(inside), -(lift - there) / np.sum(~inside))
    error = sum_error(residual, cluster)
    if error == 0.0:
        return 1.0 if here == there else 0.0
    return erfc(abs(here - there) / error / sqrt(2.0))
