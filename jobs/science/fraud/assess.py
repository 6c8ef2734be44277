"""From margins to decisions that can be judged: calibrate on one part, set the price of a review, decide on another."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import BadRows
from jobs.science.fraud.calibrate import Calibrated, choose_calibration
from jobs.science.fraud.decision import DecisionPolicy, policy_within
from jobs.science.fraud.features import FEATURE_NAMES
from jobs.science.fraud.judged import Judged, judged_rows
from jobs.science.fraud.plan import FraudPlan
from jobs.science.fraud.score import feature_matrix


@dataclass(frozen=True)
class Rows:
    """Transactions with their features and labels; arrays of shape (n_transactions,) or (n_transactions, n_features).

    Parameters
    ----------
    matrix : ndarray
        Features in the order of `FEATURE_NAMES`, NaN where missing.
    is_fraud : ndarray of float
        Labels, 0 or 1.
    day : ndarray of int
        Days since 1970-01-01.
    customer : ndarray
        Customer ids.
    amount_eur : ndarray of float
        Amounts, euro.
    """

    matrix: NDArray[np.float32]
    is_fraud: NDArray[np.float64]
    day: NDArray[np.int32]
    customer: NDArray[np.object_]
    amount_eur: NDArray[np.float64]


def taken(features: pa.Table, is_fraud: NDArray[np.float64], rows: NDArray[np.bool_], name: str) -> Rows:
    """Take some rows of a table of features.

    Parameters
    ----------
    features : pyarrow.Table
        Columns of ``fraud_features``.
    is_fraud : ndarray of shape (n_transactions,)
        Labels, 0 or 1.
    rows : ndarray of shape (n_transactions,)
        Which to take.
    name : str
        What they are for, as a message says it.

    Raises
    ------
    BadRows
        If they do not hold both fraud and genuine transactions.
    """
    labels = is_fraud[rows]
    frauds = int(labels.sum())
    if not 0 < frauds < labels.size:
        raise BadRows(
            f"is_fraud: {frauds} of {labels.size} transactions of the {name} days are fraud, and both kinds are "
            f"needed; plan more days."
        )
    part = features.filter(pa.array(rows))
    return Rows(
        matrix=feature_matrix(part, FEATURE_NAMES),
        is_fraud=labels,
        day=part["run_date"].cast(pa.int32()).to_numpy(),
        customer=part["customer_id"].to_numpy(),
        amount_eur=part["amount"].cast(pa.float64()).to_numpy(),
    )


def joined(first: Rows, second: Rows) -> Rows:
    """Return the rows of both, without their features."""
    return Rows(
        np.empty((first.day.size + second.day.size, 0), dtype=np.float32),
        *(
            np.concatenate([getattr(first, name), getattr(second, name)])
            for name in ("is_fraud", "day", "customer", "amount_eur")
        ),
    )


@dataclass(frozen=True)
class Assessed:
    """Rows that were scored, calibrated and decided.

    Parameters
    ----------
    calibrated : Calibrated
        How margins became probabilities.
    policy : DecisionPolicy
        How probabilities became outcomes.
    judged : Judged
        The rows.
    """

    calibrated: Calibrated
    policy: DecisionPolicy
    judged: Judged


def assess(
    calibration_margin: NDArray[np.float64],
    calibration: Rows,
    test_margin: NDArray[np.float64],
    test: Rows,
    plan: FraudPlan,
) -> Assessed:
    """Calibrate margins on one part, choose the policy there, and apply both to another.

    Parameters
    ----------
    calibration_margin, test_margin : ndarray of shape (n_transactions,)
        Log odds of both parts, of a model that has seen neither.
    calibration, test : Rows
        The parts.
    plan : FraudPlan
        Costs and review capacity.

    Returns
    -------
    Assessed
        The test rows, decided.
    """
    calibrated = choose_calibration(calibration_margin, calibration.is_fraud, calibration.day)
    rows, days = calibration.day.size, int(np.ptp(calibration.day)) + 1
    policy = policy_within(
        calibrated.calibration.apply(calibration_margin),
        calibration.amount_eur,
        plan.costs,
        plan.most_reviews(rows, days),
    )
    probability = calibrated.calibration.apply(test_margin)
    judged = judged_rows(test.day, test.customer, test.is_fraud, test.amount_eur, test_margin, probability, policy)
    return Assessed(calibrated, policy, judged)
