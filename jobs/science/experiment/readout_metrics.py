"""Each metric of a readout, with its line for every arm."""

from jobs.science.experiment.evidence import Evidence
from jobs.science.experiment.exposed import exposed_effect
from jobs.science.experiment.guardrail import Guardrail
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.reading import Line, Reading
from jobs.science.experiment.readout_figures import interval_said, reach_of, verdict_of
from jobs.science.experiment.readout_form import ExposedSaid, IntervalSaid, LineSaid, MetricSaid, Verdict
from jobs.science.experiment.readout_words import exposed_sentence, guardrail_sentence, level_of, line_sentence, unit_of
from jobs.science.experiment.statement import ROWS


def metrics_said(evidence: Evidence, reading: Reading) -> list[MetricSaid]:
    """Return each metric with its lines, arm by arm."""
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
        verdict = verdict_of(evidence, metric, line.effect, p_value)
        sentence = line_sentence(metric.name, line.arm, line.effect, unit, verdict)
    return {
        "arm": line.arm,
        "control": line.effect.control,
        "treatment": line.effect.treatment,
        "absolute": interval_said(line.effect.absolute),
        "relative": None if line.effect.relative is None else interval_said(line.effect.relative),
        "alpha": line.effect.alpha,
        "p_value": line.effect.p_value,
        "adjusted_p_value": line.adjusted_p_value,
        "verdict": verdict,
        "sentence": sentence[:1].upper() + sentence[1:],
        "total_eur": _total_eur(evidence, metric, line),
        "exposed": _exposed(evidence, metric, line),
    }


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
        reach_of(evidence, alpha),
    )
    shares = (found.control, found.treatment)
    unit = unit_of(metric, evidence.units_of)
    return {
        "column": column,
        "effect": None if found.effect is None else interval_said(found.effect),
        "share_control": found.control,
        "share_treatment": found.treatment,
        "sentence": exposed_sentence(metric.name, line.arm, found.effect, shares, unit, level_of(alpha)),
    }


def _columns(metric: Metric) -> str:
    if metric.denominator is not None:
        return f"{metric.value} / {metric.denominator}"
    return metric.value if metric.share is None else f"{metric.share:g} quantile of {metric.value}"
