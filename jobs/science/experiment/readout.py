"""One document says what an experiment found; it is rebuilt, the very same, from the statistics in it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.special import chdtrc

from jobs.errors import BadTrial
from jobs.science.experiment.always_valid import AlwaysValid
from jobs.science.experiment.decision import Decision, decide, undecided
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.evidence import Evidence, Point
from jobs.science.experiment.exposed import exposed_effect
from jobs.science.experiment.guardrail import Guardrail
from jobs.science.experiment.interval import Effect, FixedHorizon, Interval, Reach
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.multiplicity import adjusted
from jobs.science.experiment.reading import Line, Reading, read
from jobs.science.experiment.readout_form import (
    FORMAT,
    CurveSaid,
    ExposedSaid,
    IntervalSaid,
    LineSaid,
    MetricSaid,
    PointSaid,
    Readout,
    SegmentSaid,
    Verdict,
)
from jobs.science.experiment.readout_words import (
    exposed_sentence,
    guardrail_sentence,
    level_of,
    line_sentence,
    progress_sentence,
    split_sentence,
    unit_of,
)
from jobs.science.experiment.sample_ratio import ALARM_BELOW
from jobs.science.experiment.split import Split
from jobs.science.experiment.statement import ROWS


def readout(evidence: Evidence) -> Readout:
    """Return what the evidence says.

    Parameters
    ----------
    evidence : Evidence
        Rule, sizes and sufficient statistics.

    Returns
    -------
    Readout
        Plain JSON values; ``statistics`` holds the evidence itself.

    Raises
    ------
    BadTrial
        If an arm is empty, the control is none of the arms, or a metric cannot be estimated.
    """
    split = evidence.sizes.split()
    checks = _checks(evidence, split)
    holds = all(p >= ALARM_BELOW for _, p in checks)
    sentence = split_sentence(split, checks, ALARM_BELOW, shares_known=evidence.sizes.shares_known)
    units = sum(moments.count for moments in evidence.arms.values())
    fraction = units / evidence.rule.units
    is_final = fraction >= 1.0
    warnings = [*evidence.warnings]
    metrics: list[MetricSaid] = []
    segments: list[SegmentSaid] = []
    curves: list[CurveSaid] = []
    decision = undecided(sentence)
    if holds:
        reading = read(evidence.rule, split, evidence.arms, evidence.control, evidence.quantiles)
        metrics = _metrics(evidence, reading)
        segments, skipped = _segments(evidence)
        warnings += skipped
        curves = _curves(evidence)
        decision = (
            decide(
                evidence.rule,
                reading,
                evidence.criteria,
                units_a_day=evidence.units_a_day,
                units_of=evidence.units_of,
            )
            if evidence.decides
            else Decision("none", None, ("No rule was stated: this is a reading, and people decide.",))
        )
    planned = evidence.units_planned
    return {
        "format": FORMAT,
        "title": evidence.title,
        "source": {
            "kind": evidence.source.kind,
            "name": evidence.source.name,
            "digest": evidence.source.digest,
            "rows": evidence.source.rows,
            "rows_used": evidence.source.rows_used,
            "set_aside": [{"reason": why, "rows": rows} for why, rows in evidence.source.set_aside.items()],
        },
        "as_of": evidence.as_of,
        "unit": evidence.unit,
        "control": evidence.control,
        "arms": [
            {
                "arm": arm,
                "units": evidence.sizes.counts[arm],
                "units_read": evidence.arms[arm].count,
                "units_expected": expected,
                "share_planned": evidence.sizes.shares[arm],
                "propensity_known": evidence.sizes.shares_known,
            }
            for arm, expected in zip(split.names, split.arms.expected, strict=True)
        ],
        "split": {
            "p_value": min(p for _, p in checks),
            "holds": holds,
            "threshold": ALARM_BELOW,
            "checks": [{"what": what, "p_value": p} for what, p in checks],
            "sentence": sentence,
        },
        "progress": {
            "units": units,
            "units_planned": planned,
            "fraction": fraction,
            "is_final": is_final,
            "interval": "fixed-horizon" if is_final else "always-valid",
            "alpha": evidence.rule.alpha,
            "looks": evidence.looks,
            "ends_on": evidence.ends_on,
            "sentence": progress_sentence(fraction, is_final=is_final, units=units, planned=planned),
        },
        "metrics": metrics,
        "segments": segments,
        "over_time": curves,
        "decision": {
            "outcome": decision.outcome,
            "arm": decision.arm,
            "reasons": list(decision.reasons),
            "arms": [{"arm": a.arm, "outcome": a.outcome, "reasons": list(a.reasons)} for a in decision.arms],
            "rule": _rule_said(evidence) if evidence.decides else None,
        },
        "promised": None if evidence.promised is None else dict(evidence.promised),
        "amendments": [dict(amendment) for amendment in evidence.amendments],
        "warnings": warnings,
        "statistics": evidence.to_json(),
    }


def from_statistics(statistics: Mapping[str, Any]) -> Readout:
    """Return the very document whose ``statistics`` these are.

    Raises
    ------
    BadRequest
        If they were written by another version, or changed.
    """
    return readout(Evidence.from_json(statistics))


def _checks(evidence: Evidence, split: Split) -> list[tuple[str, float]]:
    checks = [("units of the arms", split.arms.p_value)]
    if split.holdout is not None:
        checks.append(("units held back", split.holdout.p_value))
    drawn = np.array([evidence.sizes.counts[arm] for arm in evidence.arms], np.float64)
    left = np.array([evidence.arms[arm].count for arm in evidence.arms], np.float64)
    lost = drawn - left
    # Rows at fault must be as frequent in every arm; so few that the test's approximation fails harm nothing.
    if lost.sum() >= 5 * len(lost) and np.all(lost >= 0) and left.sum() > 0:
        share = lost.sum() / drawn.sum()
        statistic = float(np.sum((lost - drawn * share) ** 2 / (drawn * share * (1.0 - share))))
        checks.append(("units set aside, by arm", float(chdtrc(len(lost) - 1, statistic))))
    return checks


def _reach(evidence: Evidence, alpha: float, fraction: float | None = None) -> Reach:
    """Return the kind of interval of this look; of a part of the units, of the look's own kind."""
    units = sum(moments.count for moments in evidence.arms.values())
    seen = units / evidence.rule.units
    if fraction is None:
        return FixedHorizon() if seen >= 1.0 else AlwaysValid(seen, alpha)
    return AlwaysValid(fraction, alpha)


def _metrics(evidence: Evidence, reading: Reading) -> list[MetricSaid]:
    rule = evidence.rule
    guardrails = {metric.name: guardrail for metric, guardrail in rule.guardrails}
    success = {metric.name for metric in rule.success}
    lines = [*reading.lines, *reading.reads]
    found: list[MetricSaid] = []
    for metric in rule.metrics:
        guardrail = guardrails.get(metric.name)
        own = [line for line in lines if line.metric == metric.name]
        found.append(
            {
                "metric": metric.name,
                "kind": metric.kind,
                "columns": _columns(metric),
                "unit": unit_of(metric, evidence.units_of),
                "unit_value_eur": evidence.unit_value_eur.get(metric.name),
                "role": (
                    "guardrail" if guardrail else "success" if metric.name in success and evidence.decides else "read"
                ),
                "better": guardrail.better if guardrail else evidence.criteria.better.get(metric.name, "higher"),
                "margin": None if guardrail is None else {"margin": guardrail.margin, "relative": guardrail.relative},
                "adjustment": metric.adjustment,
                "covariates": list(metric.covariates),
                "cap": metric.cap,
                "lines": [_line(evidence, metric, line, guardrail) for line in own],
            }
        )
    return found


def _line(evidence: Evidence, metric: Metric, line: Line, guardrail: Guardrail | None) -> LineSaid:
    unit = unit_of(metric, evidence.units_of)
    if guardrail is not None and line.guardrail is not None:
        verdict: Verdict = line.guardrail
        sentence = guardrail_sentence(metric.name, line.arm, line.effect, unit, verdict, guardrail)
    else:
        p_value = line.effect.p_value if line.adjusted_p_value is None else line.adjusted_p_value
        verdict = _verdict(evidence, metric, line.effect, p_value)
        sentence = line_sentence(metric.name, line.arm, line.effect, unit, verdict)
    return {
        "arm": line.arm,
        "control": line.effect.control,
        "treatment": line.effect.treatment,
        "absolute": _said(line.effect.absolute),
        "relative": None if line.effect.relative is None else _said(line.effect.relative),
        "alpha": line.effect.alpha,
        "p_value": line.effect.p_value,
        "adjusted_p_value": line.adjusted_p_value,
        "verdict": verdict,
        "sentence": sentence[:1].upper() + sentence[1:],
        "total_eur": _total_eur(evidence, metric, line),
        "exposed": _exposed(evidence, metric, line),
    }


def _verdict(evidence: Evidence, metric: Metric, seen: Effect, p_value: float) -> Verdict:
    if not p_value < evidence.rule.alpha:
        return "open"
    return "better" if (seen.absolute.value > 0.0) == (evidence.criteria.sign(metric.name) > 0.0) else "worse"


def _total_eur(evidence: Evidence, metric: Metric, line: Line) -> IntervalSaid | None:
    """Return what the arm earned in this trial: euro a unit times the units that it had."""
    euro = evidence.unit_value_eur.get(metric.name)
    if euro is None or metric.kind not in {"mean", "proportion"}:
        return None
    moments = evidence.arms[line.arm]
    rows = moments.count * (moments.of(ROWS) if ROWS in moments.columns else 1.0)
    interval = line.effect.absolute
    ends = sorted((euro * rows * interval.lower, euro * rows * interval.upper))
    return {"value": euro * rows * interval.value, "lower": ends[0], "upper": ends[1]}


def _exposed(evidence: Evidence, metric: Metric, line: Line) -> ExposedSaid | None:
    if evidence.exposed in {None, metric.value} or metric.kind not in {"mean", "proportion"}:
        return None
    alpha, column = line.effect.alpha, str(evidence.exposed)
    found = exposed_effect(
        metric,
        column,
        evidence.arms[evidence.control],
        evidence.arms[line.arm],
        alpha,
        _reach(evidence, alpha),
    )
    shares = (found.control, found.treatment)
    unit = unit_of(metric, evidence.units_of)
    return {
        "column": column,
        "effect": None if found.effect is None else _said(found.effect),
        "share_control": found.control,
        "share_treatment": found.treatment,
        "sentence": exposed_sentence(metric.name, line.arm, found.effect, shares, unit, level_of(alpha)),
    }


def _segments(evidence: Evidence) -> tuple[list[SegmentSaid], list[str]]:
    """Return the effects in parts of the units, and what could not be said of some."""
    rule = evidence.rule
    seen: list[tuple[Point, Metric, str, Effect]] = []
    warnings: list[str] = []
    guarded = {metric.name for metric, _ in rule.guardrails}
    wanted = [metric for metric in rule.metrics if metric.kind != "quantile" and metric.name not in guarded]
    others = [arm for arm in evidence.arms if arm != evidence.control]
    for point in evidence.segments:
        try:
            seen += [
                (
                    point,
                    metric,
                    arm,
                    effect(
                        metric, point.arms[evidence.control], point.arms[arm], rule.alpha, _reach(evidence, rule.alpha)
                    ),
                )
                for metric in wanted
                for arm in others
            ]
        except (BadTrial, KeyError) as refused:
            why = str(refused) if isinstance(refused, BadTrial) else f"arm {refused} has no units in it."
            warnings.append(f"Nothing is said of {point.column} {point.at!r}: {why}")
    correction = "holm" if rule.correction == "none" else rule.correction
    paid = adjusted(np.array([found.p_value for *_, found in seen], np.float64), correction)
    said: list[SegmentSaid] = []
    for (point, metric, arm, found), p_value in zip(seen, paid, strict=True):
        verdict = _verdict(evidence, metric, found, float(p_value))
        sentence = line_sentence(metric.name, arm, found, unit_of(metric, evidence.units_of), verdict)
        said.append(
            {
                "column": point.column,
                "value": point.at,
                "units": sum(moments.count for moments in point.arms.values()),
                "metric": metric.name,
                "arm": arm,
                "absolute": _said(found.absolute),
                "relative": None if found.relative is None else _said(found.relative),
                "p_value": found.p_value,
                "adjusted_p_value": float(p_value),
                "verdict": verdict,
                "sentence": f"Exploratory, {point.column} {point.at!r}: {sentence}",
            }
        )
    return said, warnings


def _curves(evidence: Evidence) -> list[CurveSaid]:
    """Return each effect over time with the always-valid band; moments at which nothing can be said are left out."""
    rule = evidence.rule
    curves: list[CurveSaid] = []
    for metric in rule.metrics:
        if metric.kind == "quantile":
            continue
        for arm in evidence.arms:
            if arm == evidence.control:
                continue
            points: list[PointSaid] = []
            for point in evidence.over_time:
                units = sum(moments.count for moments in point.arms.values())
                try:
                    reach = _reach(evidence, rule.alpha, max(units, 1) / rule.units)
                    found = effect(metric, point.arms[evidence.control], point.arms[arm], rule.alpha, reach)
                except (BadTrial, KeyError):
                    continue
                absolute = found.absolute
                points.append({"at": point.at, "units": units, **_said(absolute)})
            if points:
                curves.append(
                    {"metric": metric.name, "arm": arm, "unit": unit_of(metric, evidence.units_of), "points": points}
                )
    return curves


def _rule_said(evidence: Evidence) -> dict[str, Any]:
    rule, criteria = evidence.rule, evidence.criteria
    return {
        "success": [metric.name for metric in rule.success],
        "correction": rule.correction,
        "alpha": rule.alpha,
        "power": criteria.power,
        "better": dict(criteria.better),
        "minimum_effect": dict(criteria.minimum_effect),
        "minimum_relative_effect": dict(criteria.minimum_relative_effect),
        "guardrails": [{"metric": metric.name, **asdict(guardrail)} for metric, guardrail in rule.guardrails],
        "guardrail_alpha": rule.guardrail_alpha,
    }


def _columns(metric: Metric) -> str:
    if metric.denominator is not None:
        return f"{metric.value} / {metric.denominator}"
    return metric.value if metric.share is None else f"{metric.share:g} quantile of {metric.value}"


def _said(interval: Interval) -> IntervalSaid:
    return {"value": interval.value, "lower": interval.lower, "upper": interval.upper}
