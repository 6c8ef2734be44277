"""What the propensities of a trial ask of a learner: weights where they vary, shares where they do not."""

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.learners.fitted import Learning


def varies(learning: Learning) -> bool:
    """Return whether the propensity varies within an arm, as with strata, a ramp or exploration."""
    return any(float(np.ptp(learning.propensity[learning.arm == a])) > 1e-9 for a in range(learning.arms))


def balancing_weight(learning: Learning) -> NDArray[np.float64] | None:
    """Return the weight of each row under which arms are drawn alike from all customers, or None if all are equal.

    Where the propensity is one number for each arm, an arm's rows stand for all customers as they are; where it
    varies, they do when weighted by one over it.
    """
    if not varies(learning):
        return learning.weight
    one_over = 1.0 / learning.propensity
    return one_over if learning.weight is None else one_over * learning.weight


def shares(learning: Learning) -> tuple[float, ...]:
    """Return the share of every arm: the design's where it is one number for each arm, else the share of the rows."""
    if varies(learning):
        return tuple(float(np.mean(learning.arm == a)) for a in range(learning.arms))
    return tuple(float(learning.propensity[learning.arm == a][0]) for a in range(learning.arms))
