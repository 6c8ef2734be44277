"""The best single arm for everyone, always chosen on other rows than those that value it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.estimate import Estimate, mean_estimate
from jobs.science.uplift.policy import affordable_share

BLOCKS = 10
"""Blocks that the rows are cut into, in random order; the first two only choose."""


@dataclass(frozen=True)
class BestArm:
    """The arm to give to everyone, if anybody is to be treated.

    Parameters
    ----------
    arm : int
        Code of the arm, by all rows.
    gain : Estimate
        What giving everyone the chosen arm earns against nobody, in euro for one customer, costs taken off. Not
        flattered by the choice.
    """

    arm: int
    gain: Estimate


def best_single_arm(
    lift_eur: NDArray[np.float64],
    cost_eur: Sequence[float],
    *,
    budget_each_eur: float | None = None,
    cluster: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> BestArm:
    """Choose the best single arm and value it honestly.

    Rows come in random order, block by block; every block is valued under the arm that all earlier blocks chose.
    What a block says is then unbiased whatever came before, and errors do not add up in secret: with the choice made
    on all other blocks, ten useless arms pass for a good one three times as often as the interval says.

    Parameters
    ----------
    lift_eur : numpy.ndarray of shape (n_rows, n_arms - 1)
        Doubly robust score of every arm less that of the control, in euro.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro.
    budget_each_eur : float, optional
        Budget for one customer, in euro; an arm that costs more reaches a share of them, drawn at random.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row; a group lies in one block.
    seed : int
        Seed of the order.

    References
    ----------
    Luedtke and van der Laan (2016), Statistical inference for the mean outcome under a possibly non-unique optimal
    treatment strategy. Annals of Statistics 44.

    Examples
    --------
    >>> lift = np.tile([1.0, 3.0], (50, 1))
    >>> best = best_single_arm(lift, [0.5, 0.5])
    >>> best.arm, best.gain.value
    (2, 2.5)
    """
    cost = np.asarray(cost_eur, np.float64)
    share = np.array([affordable_share(c, budget_each_eur) for c in cost_eur])
    net = (lift_eur - cost) * share
    unit = np.arange(len(net)) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    units = int(unit.max()) + 1
    block = np.random.default_rng(seed).permutation(units)[unit] * BLOCKS // units
    earned = np.zeros(len(net))
    for b in range(2, BLOCKS):
        earlier, here = block < b, block == b
        earned[here] = net[here, int(np.argmax(np.mean(net[earlier], axis=0)))]
    valued = block >= 2
    gain = mean_estimate(earned[valued], None if cluster is None else cluster[valued])
    return BestArm(int(np.argmax(np.mean(net, axis=0))) + 1, gain)
