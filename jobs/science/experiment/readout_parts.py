"""Parts of the units, and looks over time: what a readout explores, and draws."""

import numpy as np

from jobs.errors import BadTrial
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.evidence import Evidence, Point
from jobs.science.experiment.interval import Effect
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.multiplicity import adjusted
from jobs.science.experiment.readout_figures import interval_said, reach_of, verdict_of
from jobs.science.experiment.readout_form import CurveSaid, PointSaid, SegmentSaid
from jobs.science.experiment.readout_words import line_sentence, unit_of


def segments_said(evidence: Evidence) -> tuple[list[SegmentSaid], list[str]]:
    """Return the effects in parts of the units, and what could not be said of some."""
    rule = evidence.rule
    seen: list[tuple[Point, Metric, str, Effect]] = []
    warnings: list[str] = []
    guarded = {metric.name for metric, _ in rule.guardrails}
    wanted = [metric for metric in rule.metrics if metric.kind != "quantile" and metric.name not in guarded]
    others = [arm for arm in evidence.arms if arm != evidence.control]
    reach = reach_of(evidence, rule.alpha)
    for point in evidence.segments:
        try:
            control = point.arms[evidence.control]
            seen += [
                (point, metric, arm, effect(metric, control, point.arms[arm], rule.alpha, reach))
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
        verdict = verdict_of(evidence, metric, found, float(p_value))
        sentence = line_sentence(metric.name, arm, found, unit_of(metric, evidence.units_of), verdict)
        said.append(
            {
                "column": point.column,
                "value": point.at,
                "units": sum(moments.count for moments in point.arms.values()),
                "metric": metric.name,
                "arm": arm,
                "absolute": interval_said(found.absolute),
                "relative": None if found.relative is None else interval_said(found.relative),
                "p_value": found.p_value,
                "adjusted_p_value": float(p_value),
                "verdict": verdict,
                "sentence": f"Exploratory, {point.column} {point.at!r}: {sentence}",
            }
        )
    return said, warnings


def curves_said(evidence: Evidence) -> list[CurveSaid]:
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
                    reach = reach_of(evidence, rule.alpha, max(units, 1) / rule.units)
                    found = effect(metric, point.arms[evidence.control], point.arms[arm], rule.alpha, reach)
                except (BadTrial, KeyError):
                    continue
                absolute = found.absolute
                points.append({"at": point.at, "units": units, **interval_said(absolute)})
            if points:
                curves.append(
                    {"metric": metric.name, "arm": arm, "unit": unit_of(metric, evidence.units_of), "points": points}
                )
    return curves
