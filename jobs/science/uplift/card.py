"""A judgement as plain values: what the model's card keeps and pages show."""

from typing import Any

from jobs.science.uplift.calibration import Decile
from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.judgement import ArmJudgement, Judgement

CURVE_POINTS = 101
"""Points of a Qini curve that are kept: enough for the eye."""


def judgement_card(judgement: Judgement) -> dict[str, Any]:
    """Return a judgement as values that JSON can hold.

    Parameters
    ----------
    judgement : Judgement
        What was found on untouched rows.

    Returns
    -------
    dict
        ``verdict``, ``qini`` (by arm), ``arms``, ``policies``, ``contrasts``, ``promise``, ``rows_train``,
        ``rows_held_out``, and ``slices`` where there are any; estimates are value, low and high of a 95% interval,
        in euro a customer unless said otherwise. Deciles set shrunk effects, the ones a scorer promises, against
        measured ones.
    """
    verdict = judgement.verdict
    effects = [
        {
            "slice": s.slice,
            "arm": s.arm,
            "rows": s.rows,
            "promised_eur": s.promised_eur,
            "measured_eur": estimate_values(s.measured),
        }
        for s in judgement.slices
    ]
    return {
        "verdict": {
            "kind": verdict.kind,
            "arm": verdict.arm,
            "net_eur": estimate_values(verdict.net_eur),
            "treated_share": verdict.treated_share,
            "reason": verdict.reason,
        },
        "qini": {a.arm: a.qini for a in judgement.arms},
        "arms": [_arm(a) for a in judgement.arms],
        "policies": [
            {
                "name": p.name,
                "gain_eur": estimate_values(p.gain),
                "doubly_robust_eur": estimate_values(p.doubly_robust),
                "ips_eur": estimate_values(p.ips),
                "snips_eur": estimate_values(p.snips),
                "treated_share": p.treated_share,
            }
            for p in judgement.policies
        ],
        "contrasts": [
            {"policy": c.policy, "against": c.against, "difference_eur": estimate_values(c.difference)}
            for c in judgement.contrasts
        ],
        "promise": {
            "promised_eur": judgement.promise.promised_eur,
            "measured_eur": estimate_values(judgement.promise.measured),
            "deciles": [_decile(d) for d in judgement.promise.deciles],
        },
        "rows_train": judgement.rows_train,
        "rows_held_out": judgement.rows_held_out,
        **({"slices": {"exploratory": True, "effects": effects}} if effects else {}),
    }


def estimate_values(estimate: Estimate) -> dict[str, float]:
    """Return value, low and high of an estimate.

    Examples
    --------
    >>> estimate_values(Estimate(2.0, 0.0))
    {'value': 2.0, 'low': 2.0, 'high': 2.0}
    """
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _arm(arm: ArmJudgement) -> dict[str, Any]:
    curve = arm.qini_curve
    step = max(1, len(curve.share) // (CURVE_POINTS - 1))
    kept = sorted({*range(0, len(curve.share), step), len(curve.share) - 1})
    return {
        "arm": arm.arm,
        "qini": arm.qini,
        "effect_eur": estimate_values(arm.effect),
        "slope": estimate_values(arm.slope),
        "qini_curve": {"share": [float(curve.share[i]) for i in kept], "gain": [float(curve.gain[i]) for i in kept]},
        "deciles": [_decile(d) for d in arm.deciles],
    }


def _decile(decile: Decile) -> dict[str, Any]:
    return {
        "rank": decile.rank,
        "rows": decile.rows,
        "promised_eur": decile.predicted,
        "measured_eur": estimate_values(decile.measured),
    }
