"""Effects by slice of the customers, such as a segment: exploratory, they decide nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadRequest
from jobs.science.uplift.estimate import Estimate, mean_estimate
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
    """

    slice: str
    arm: str
    rows: int
    promised_eur: float
    measured: Estimate


def judge_slices(
    slice_of: Sequence[str] | NDArray[np.str_],
    held: Trial,
    promised: NDArray[np.float64],
    lift: NDArray[np.float64],
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
    judged = []
    for name in np.unique(names):
        inside = names == name
        if int(inside.sum()) < FEWEST_ROWS:
            continue
        cluster = None if held.cluster is None else held.cluster[inside]
        judged += [
            SliceJudgement(
                str(name),
                arm,
                int(inside.sum()),
                float(promised[inside, a].mean()),
                mean_estimate(lift[inside, a], cluster),
            )
            for a, arm in enumerate(held.arms[1:])
        ]
    return tuple(judged)
