"""The list that a verdict allows: who gets which arm, and what it is promised to earn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.science.offers.allocate import Allocation, allocate
from jobs.science.offers.budget_curve import BudgetCurve, budget_curve
from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.export import export_scorer
from jobs.science.uplift.fallback import allowed_by
from jobs.science.uplift.judgement import Judgement
from jobs.science.uplift.promise import promised_net
from jobs.science.uplift.scorer import PortableScorer

CURVE_POINTS = 13
"""Budgets of the curve, the empty one among them."""


@dataclass(frozen=True)
class TargetList:
    """Who gets which arm.

    Parameters
    ----------
    arm : ndarray of shape (n_customers,), int8
        Place of the arm among the arms but the control, -1 for nothing.
    expected_net_eur : ndarray of shape (n_customers,)
        Net euro to expect of each customer, 0 for those who get nothing. They sum to the promise.
    net_eur : Estimate
        The promise: net euro of the whole list against contacting nobody, with a 95% interval.
    kept_share : float
        What held-out customers earned of what scores promised them; every promise of the list is scaled by it.
    allocation : Allocation
        Spend, counts and certificate.
    curve : BudgetCurve or None
        What other budgets would bring, scaled alike; None where contacts cost nothing or nobody is contacted.
    """

    arm: NDArray[np.int8]
    expected_net_eur: NDArray[np.float64]
    net_eur: Estimate
    kept_share: float
    allocation: Allocation
    curve: BudgetCurve | None


def make_list(
    judgement: Judgement,
    rows: pa.Table,
    *,
    cost_eur: Sequence[float],
    budget_eur: float | None = None,
    seed: int = 0,
    num_threads: int = 1,
) -> TargetList:
    """Choose customers with the effects that the verdict allows.

    The verdict's euros were measured on customers that no model had seen, by the rule that makes this list. What
    scores promise of that rule on those same customers is another figure: choosing the highest of many guesses
    flatters. Promises of the list are therefore scaled by what was kept of such promises, and the error of the
    verdict goes with them in proportion. For the trial's own customers the promise is then the verdict's own.

    Parameters
    ----------
    judgement : Judgement
        The judged model; its verdict was reckoned for as many customers as `rows` has, and the same budget.
    rows : pyarrow.Table
        Customers to choose from, with the model's features.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro.
    budget_eur : float, optional
        Most that contacts may cost in all, in euro.
    seed : int
        Seed of the lot among equals.
    num_threads : int
        Threads of LightGBM.

    Returns
    -------
    TargetList
        One entry a customer, in the order of `rows`.

    Raises
    ------
    ExportRefused
        If the portable scorer does not predict what the fitted model predicts.
    """
    verdict = judgement.verdict
    fitted = allowed_by(verdict, judgement.fitted)
    scorer = PortableScorer.from_files(export_scorer(fitted, fitted.encoder.transform(rows)).files)
    value = scorer.effect(rows, num_threads) - np.asarray(cost_eur, np.float64)
    limit = np.inf if budget_eur is None else budget_eur
    allocation = allocate(value, cost_eur, limit, seed=seed)
    chosen = allocation.arm >= 0
    kept = _kept_share(judgement, rows.num_rows, cost_eur) if chosen.any() else 1.0
    net = np.where(chosen, value[np.arange(rows.num_rows), np.maximum(allocation.arm, 0)], 0.0) * kept
    total = float(net.sum())
    return TargetList(
        arm=allocation.arm,
        expected_net_eur=net,
        # Nobody is chosen where the verdict expects nothing, so that there is always something to be in proportion to.
        net_eur=promised_net([total], [verdict.net_eur]) or Estimate(0.0, 0.0),
        kept_share=kept,
        allocation=allocation,
        curve=_curve(value, cost_eur, CURVE_POINTS if verdict.arm is None else 2, kept, seed) if chosen.any() else None,
    )


def _kept_share(judgement: Judgement, customers: int, cost_eur: Sequence[float]) -> float:
    """Return what held-out customers earned over what the same rule's scores promise of them."""
    verdict = judgement.verdict
    if verdict.arm is None:
        return verdict.net_eur.value / customers / judgement.promise.promised_eur
    at = judgement.fitted.arms.index(verdict.arm) - 1
    each = judgement.fitted.calibration[at].level - cost_eur[at]
    return verdict.net_eur.value / customers / (verdict.treated_share * each)


def _curve(
    value: NDArray[np.float64], cost_eur: Sequence[float], points: int, kept: float, seed: int
) -> BudgetCurve | None:
    """Return the value of the best list at budgets from none to all there is to gain; for one arm it is a line."""
    cost = np.asarray(cost_eur, np.float64)
    most = float(np.sum(np.max(np.where(value > 0.0, cost, 0.0), axis=1)))
    if most == 0.0:
        return None
    curve = budget_curve(value.astype(np.float32), cost, np.linspace(0.0, most, points), seed=seed)
    return BudgetCurve(curve.budget_eur, curve.value_eur * kept, curve.spend_eur, curve.customers)
