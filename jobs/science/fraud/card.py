"""What is said of a fraud model: what it was made from, how good it is and for whom, what it is not for.

A trained model's card and the answer of ``netlift judge-fraud`` have these parts in common, so one page
shows either.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from numpy.typing import ArrayLike

from jobs.science.fraud.booster import PARAMETERS
from jobs.science.fraud.calibrate import Calibrated
from jobs.science.fraud.decision import DecisionPolicy
from jobs.science.fraud.intake import Intake
from jobs.science.fraud.judge import Judgement
from jobs.science.fraud.judged import Judged
from jobs.science.fraud.metrics import FraudMetrics
from jobs.science.fraud.ranking import FALSE_POSITIVE_RATE, Ranker
from jobs.science.fraud.slices import Slice, group_rates, slices
from jobs.science.fraud.train import FraudTraining

LIMITS_OF_USE = (
    "It ranks and prices single payments. It is no judgement of a person and must not be used for credit.",
    "Its probabilities hold for payments like those it was judged on; netlift monitor-drift holds each night to them.",
    "A first fraud at a partner without known fraud, of a usual amount, cannot be told from a genuine payment.",
    "Labels come late: a wave of fraud is learnt only once its reports are known.",
    "A fraud that nobody reports counts as genuine, in training and in these figures.",
)
"""What a reader must know before the model is used for anything else."""

IN_WORDS: Mapping[str, str] = {
    "recall_at_fpr": f"share of frauds found while {FALSE_POSITIVE_RATE:.1%} of the genuine payments are suspected",
    "cost_share": "reviews, missed frauds and wrong declines, over the loss of doing nothing",
    "review_error": "promised against happened frauds above the review threshold, bins of equal size, relative",
}


def model_card(training: FraudTraining) -> dict[str, Any]:
    """Return what a person wants to know of a trained model, as plain values that JSON holds."""
    parts = training.periods
    return {
        "trained_on": {**parts.train.to_dict(), "rows": training.train_rows, "frauds": training.train_frauds},
        "parameters_chosen_on": parts.choice.to_dict() if parts.choice else None,
        "calibrated_on": parts.calibration.to_dict(),
        "judged_on": parts.test.to_dict(),
        "label_delay_days": training.plan.label_delay_days,
        **_figures(
            training.metrics,
            training.judged,
            training.baselines,
            slices(training.judged, training.test),
            training.calibrated,
            training.scorer.policy,
        ),
        "groups": None,
        "customer_risk": dataclasses.asdict(training.risk) if training.risk else None,
        "features": list(training.scorer.features),
        "plan": dataclasses.asdict(training.plan),
        "booster_parameters": {**PARAMETERS, **(training.search.parameters if training.search else {})},
        "search": dataclasses.asdict(training.search) if training.search else None,
    }


def segment_rates(training: FraudTraining, segment: ArrayLike, as_of: date) -> dict[str, Any]:
    """Return error rates by segment of customers, for the card: exploratory, nothing is decided by them.

    Parameters
    ----------
    training : FraudTraining
        The trained model, with the rows that judged it.
    segment : array-like of str of shape (n_transactions,)
        Segment of each judged row's customer.
    as_of : datetime.date
        Day before the judged ones at whose end customers were in these segments.
    """
    return {**dataclasses.asdict(group_rates(training.judged, segment)), "as_of": str(as_of), "exploratory": True}


def judge_answer(found: Judgement, taken: Intake) -> dict[str, Any]:
    """Return the answer of ``netlift judge-fraud``: the short keys that programs read, then the card's parts."""
    m, plan = found.metrics, found.plan
    return {
        "auc": m.roc_auc,
        "ap": m.average_precision,
        "cp100": m.card_precision_100,
        "cp100_ceiling": m.card_precision_100_ceiling,
        "brier": m.brier,
        "ece": m.calibration_error,
        "cost_share": m.cost_share,
        "rows": {"in": taken.rows_in, "used": taken.transactions.num_rows, "set_aside": dict(taken.set_aside)},
        "trained_on": {**plan.train.to_dict(), "rows": found.train_rows, "frauds": found.train_frauds},
        "rehearsed_on": plan.rehearsal.to_dict(),
        "calibrated_on": plan.calibration.to_dict(),
        "judged_on": plan.test.to_dict(),
        "label_delay_days": plan.model.label_delay_days,
        **_figures(
            m,
            found.assessed.judged,
            found.baselines,
            found.slices,
            found.assessed.calibrated,
            found.assessed.policy,
        ),
        "groups": dataclasses.asdict(found.groups) if found.groups else None,
        "features": list(found.scorer.features),
        "plan": dataclasses.asdict(plan.model),
        "booster_parameters": dict(PARAMETERS),
    }


def _figures(
    metrics: FraudMetrics,
    judged: Judged,
    baselines: Mapping[str, FraudMetrics],
    parts: Sequence[Slice],
    calibrated: Calibrated,
    policy: DecisionPolicy,
) -> dict[str, Any]:
    recall, precision = Ranker(judged.is_fraud, judged.margin).curve()
    bins = metrics.review_curve if metrics.review_curve else metrics.curve
    return {
        "metrics": dataclasses.asdict(metrics),
        "metrics_in_words": dict(IN_WORDS),
        "baselines": {name: dataclasses.asdict(found) for name, found in baselines.items()},
        "slices": [dataclasses.asdict(part) for part in parts],
        "precision_recall": {"recall": recall, "precision": precision},
        "bins": [{**dataclasses.asdict(b), "low": b.limits()[0], "high": b.limits()[1]} for b in bins],
        "calibration": {"method": calibrated.method, "log_loss_on_later_days": calibrated.log_loss},
        "policy": {**policy.to_dict(), "version": policy.version},
        "limits_of_use": list(LIMITS_OF_USE),
    }
