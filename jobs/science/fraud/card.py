"""The card of a fraud model: what it was made from, how good it is and for whom, and what it is not for."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from jobs.science.fraud.booster import PARAMETERS
from jobs.science.fraud.metrics import FraudMetrics
from jobs.science.fraud.ranking import FALSE_POSITIVE_RATE
from jobs.science.fraud.slices import GroupRates, Slice, slices
from jobs.science.fraud.train import FraudTraining

LIMITS_OF_USE = (
    "It ranks and prices single payments. It is no judgement of a person and must not be used for credit.",
    "Its probabilities hold for payments like those it was judged on; held against each night by monitor-drift.",
    "A first fraud at a partner without known fraud, of a usual amount, cannot be told from a genuine payment.",
    "Labels come late: a wave of fraud is learnt only once its reports are known.",
    "What reviewers never see is never labelled by them: frauds that nobody reports count as genuine.",
)
"""What a reader must know before the model is used for anything else."""

IN_PLAIN_WORDS: Mapping[str, str] = {
    "recall_at_fpr": f"share of frauds found while {FALSE_POSITIVE_RATE:.1%} of the genuine payments are suspected",
    "cost_share": "reviews, missed frauds and wrong declines, over the loss of doing nothing",
    "review_error": "promised against happened frauds above the review threshold, bins of equal size, relative",
}


def model_card(training: FraudTraining) -> dict[str, Any]:
    """Return what a person wants to know of a trained model, as plain values.

    Parameters
    ----------
    training : FraudTraining
        The model and how it was judged.

    Returns
    -------
    dict
        Plain values that JSON holds.
    """
    parts = training.periods
    return {
        "trained_on": {**parts.train.to_dict(), "rows": training.train_rows, "frauds": training.train_frauds},
        "parameters_chosen_on": parts.choice.to_dict() if parts.choice else None,
        "calibrated_on": parts.calibration.to_dict(),
        "judged_on": parts.test.to_dict(),
        "label_delay_days": training.plan.label_delay_days,
        "metrics": metrics_dict(training.metrics),
        "metrics_in_words": dict(IN_PLAIN_WORDS),
        "baselines": {name: metrics_dict(found) for name, found in training.baselines.items()},
        "slices": slice_dicts(slices(training.judged, training.test)),
        "calibration": {"method": training.calibrated.method, "log_loss_on_later_days": training.calibrated.log_loss},
        "policy": {**training.scorer.policy.to_dict(), "version": training.scorer.policy.version},
        "features": list(training.scorer.features),
        "limits_of_use": list(LIMITS_OF_USE),
        "plan": dataclasses.asdict(training.plan),
        "booster_parameters": {**PARAMETERS, **(training.search.parameters if training.search else {})},
        "search": dataclasses.asdict(training.search) if training.search else None,
    }


def metrics_dict(found: FraudMetrics) -> dict[str, Any]:
    """Return figures as plain values."""
    return dataclasses.asdict(found)


def slice_dicts(parts: Sequence[Slice]) -> list[dict[str, Any]]:
    """Return slices as plain values."""
    return [dataclasses.asdict(part) for part in parts]


def group_dict(rates: GroupRates | None) -> dict[str, Any] | None:
    """Return the false-positive rates of groups as plain values; None where no group was given."""
    return dataclasses.asdict(rates) if rates else None
