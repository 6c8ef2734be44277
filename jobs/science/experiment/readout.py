"""One document says what an experiment found; it is rebuilt, the very same, from the statistics in it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.special import chdtrc

from jobs.science.experiment.decision import Decision, decide, undecided
from jobs.science.experiment.evidence import Evidence
from jobs.science.experiment.reading import read
from jobs.science.experiment.readout_form import FORMAT, CurveSaid, MetricSaid, Readout, SegmentSaid
from jobs.science.experiment.readout_metrics import metrics_said
from jobs.science.experiment.readout_parts import curves_said, segments_said
from jobs.science.experiment.readout_words import progress_sentence, split_sentence
from jobs.science.experiment.sample_ratio import ALARM_BELOW
from jobs.science.experiment.split import Split


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
        metrics = metrics_said(evidence, reading)
        segments, skipped = segments_said(evidence)
        warnings += skipped
        curves = curves_said(evidence)
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
