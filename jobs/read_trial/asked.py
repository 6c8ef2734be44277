"""What the words of a request come to: metrics, planned shares, caps, and the rule that decides."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from jobs.errors import BadRequest
from jobs.read_trial.request import ReadTrial
from jobs.runtime.per_arm import named_value
from jobs.science.experiment.asked import shares_in_words
from jobs.science.experiment.guardrail import parse_guardrail
from jobs.science.experiment.interval import checked_alpha
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.metric_words import metrics_in_words
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.multiplicity import Correction
from jobs.science.experiment.reading import Rule


@dataclass(frozen=True)
class Asked:
    """What the words of the command line came to."""

    metrics: tuple[Metric, ...]
    shares: dict[str, float] | None
    caps: dict[str, float]
    euro: dict[str, float]


def asked_of(request: ReadTrial) -> Asked:
    """Return what the words of a request came to, before the file is read.

    Raises
    ------
    BadRequest
        If words contradict each other, or name what is no metric.
    """
    checked_alpha(request.alpha)
    if request.out.exists() and not request.out.is_dir():
        raise BadRequest(f"--out {request.out} is a file: name a folder.")
    metrics = metrics_in_words(request.metric, request.covariate, request.adjust)
    shares = shares_in_words(request.share) if request.share else None
    if shares is not None and request.control not in shares:
        raise BadRequest(f"--share says nothing of the control {request.control!r}: state the share of every arm.")
    if request.looks > 1 and request.time is None:
        raise BadRequest(f"--looks is {request.looks} without --time: name the column by which looks are told apart.")
    if request.assigned_at is not None and request.time is None:
        raise BadRequest("--assigned-at without --time: name the column of the moment that must not be before it.")
    by_name = {metric.name: metric for metric in metrics}
    if request.exposed is not None and not any(m.kind in {"mean", "proportion"} for m in metrics):
        raise BadRequest("--exposed without a mean or proportion: an effect on the exposed is of those only.")
    caps, euro = _caps(request.cap, metrics), dict(named_value(word, "--unit-value") for word in request.unit_value)
    for name, word in {**dict.fromkeys(caps, "--cap"), **dict.fromkeys(euro, "--unit-value")}.items():
        if name not in by_name:
            raise BadRequest(f"{word} names {name!r}, the metrics are {', '.join(map(repr, by_name))}: correct it.")
    for name, value in euro.items():
        if not math.isfinite(value):
            raise BadRequest(f"--unit-value {name}={value:g}: give the euro that one of it is worth.")
    return Asked(metrics, shares, caps, euro)


def _caps(words: Sequence[str], metrics: Sequence[Metric]) -> dict[str, float]:
    """Return the quantile at which each metric is capped; what is said of one goes before what is said of all."""
    of_all, of_one = {}, {}
    for word in words:
        try:
            of_all = {metric.name: float(word) for metric in metrics if metric.kind == "mean"}
        except ValueError:
            name, share = named_value(word, "--cap")
            of_one[name] = share
    return {**of_all, **of_one}


def rule_of(request: ReadTrial, metrics: tuple[Metric, ...], moments: dict[str, Moments]) -> tuple[Rule, bool]:
    """Return the rule, and whether one was stated: metrics that nothing was said of are read only.

    Parameters
    ----------
    request : ReadTrial
        What decides and what guards.
    metrics : tuple of Metric
        All metrics, capped.
    moments : dict of str to Moments
        By arm, for the number of units where none were planned.

    Raises
    ------
    BadRequest
        If a name is no metric's, or one both decides and guards.
    """
    by_name = {metric.name: metric for metric in metrics}
    guarded = [parse_guardrail(word) for word in request.guardrail]
    names = [name for name, _ in guarded]
    for flag_name, name in (
        *(("--guardrail", name) for name in names),
        *(("--success", name) for name in request.success),
        *(("--lower-is-better", name) for name in request.lower_is_better),
    ):
        if name not in by_name:
            raise BadRequest(
                f"{flag_name} names {name!r}, the metrics are {', '.join(map(repr, by_name))}: correct it."
            )
    both = sorted({*names} & {*request.success, *request.lower_is_better})
    if both:
        raise BadRequest(
            f"metric {both[0]!r} is a guardrail and decides too: keep one; a guardrail says :lower itself."
        )
    rest = [metric for metric in metrics if metric.name not in names]
    success = tuple(metric for metric in rest if not request.success or metric.name in request.success)
    if not success:
        raise BadRequest(f"every metric is a guardrail, {', '.join(names)}: name one --metric that decides.")
    units = sum(of_arm.count for of_arm in moments.values())
    rule = Rule(
        success=success,
        units=request.units_planned or units,
        guardrails=tuple((by_name[name], guardrail) for name, guardrail in guarded),
        alpha=request.alpha,
        guardrail_alpha=min(request.alpha, 0.49),
        correction=cast("Correction", request.correction),
        reads=tuple(metric for metric in rest if metric not in success),
    )
    return rule, bool(guarded or request.success)
