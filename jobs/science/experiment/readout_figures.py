"""What all parts of a readout share: the kind of interval, the verdict, an interval in plain values."""

from jobs.science.experiment.always_valid import AlwaysValid
from jobs.science.experiment.evidence import Evidence
from jobs.science.experiment.interval import Effect, FixedHorizon, Interval, Reach
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.readout_form import IntervalSaid, Verdict


def reach_of(evidence: Evidence, alpha: float, fraction: float | None = None) -> Reach:
    """Return the kind of interval of this look; of a part of the units, of the look's own kind."""
    units = sum(moments.count for moments in evidence.arms.values())
    seen = units / evidence.rule.units
    if fraction is None:
        return FixedHorizon() if seen >= 1.0 else AlwaysValid(seen, alpha)
    return AlwaysValid(fraction, alpha)


def verdict_of(evidence: Evidence, metric: Metric, seen: Effect, p_value: float) -> Verdict:
    """Return what is said of an effect: better, worse or open."""
    if not p_value < evidence.rule.alpha:
        return "open"
    return "better" if (seen.absolute.value > 0.0) == (evidence.criteria.sign(metric.name) > 0.0) else "worse"


def interval_said(interval: Interval) -> IntervalSaid:
    """Return an interval as the document holds it."""
    return {"value": interval.value, "lower": interval.lower, "upper": interval.upper}
