"""A judgement as plain values: what the model's card keeps and pages show."""

from typing import Any

from jobs.science.uplift.calibration import Decile
from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.judgement import ArmJudgement, EffectSegments, Judgement, LearnerJudgement

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
        ``verdict``, ``choice``, ``learners``, ``qini`` (by arm), ``arms``, ``policies``, ``contrasts``, ``promise``,
        ``segments``, ``importances``, ``rows_train``, ``rows_held_out``, and ``slices`` where there are any; estimates
        are value, low and high of a 95% interval, in euro a customer unless said otherwise. Deciles set shrunk
        effects, the ones a scorer promises, against measured ones. What no row supports is None.
    """
    verdict, choice = judgement.verdict, judgement.choice
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
    card = {
        "verdict": {
            "kind": verdict.kind,
            "arm": verdict.arm,
            "net_eur": estimate_values(verdict.net_eur),
            "treated_share": verdict.treated_share,
            "reason": verdict.reason,
        },
        "choice": {
            "learner": choice.learner,
            "reason": choice.reason,
            "candidates": [
                {
                    "learner": c.learner,
                    "excess_loss": estimate_values(c.excess_loss),
                    "value_eur": estimate_values(c.value_eur),
                }
                for c in choice.candidates
            ],
        },
        "learners": [_learner(found, judgement) for found in judgement.learners],
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
        "segments": _segments(judgement.segments),
        "importances": [
            {"feature": i.feature, "share": i.share, "moved_eur": i.moved_eur} for i in judgement.importances
        ],
        "rows_train": judgement.rows_train,
        "rows_held_out": judgement.rows_held_out,
        **({"slices": {"exploratory": True, "effects": effects}} if effects else {}),
    }
    finite: dict[str, Any] = _finite(card)
    return finite


def estimate_values(estimate: Estimate) -> dict[str, float]:
    """Return value, low and high of an estimate.

    Examples
    --------
    >>> estimate_values(Estimate(2.0, 0.0))
    {'value': 2.0, 'low': 2.0, 'high': 2.0}
    """
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _learner(found: LearnerJudgement, judgement: Judgement) -> dict[str, Any]:
    """Return a learner's metrics; times only where it was timed, so that equal trainings make equal cards."""
    scores = found.scores
    figures = (
        "qini_sklift", "auuc_causalml", "autoc", "autoc_se", "qini_rate", "qini_rate_se", "top30_value",
        "top30_value_se", "blp_slope", "blp_slope_se", "negative_share", "negative_beyond_doubt", "heterogeneity_p",
    )  # fmt: skip
    timed = {"fit_cpu_s": found.fit_cpu_s, "score_rows_per_cpu_s": found.score_rows_per_cpu_s}
    return {
        "learner": found.learner,
        "works": found.works,
        "chosen": found.learner == judgement.choice.learner,
        **{name: float(getattr(scores, name)) for name in figures},
        **{name: spent for name, spent in timed.items() if spent is not None},
        "arms": [
            {
                "arm": arm,
                "qini_sklift": of_arm.qini_sklift,
                "auuc_causalml": of_arm.auuc_causalml,
                "autoc": of_arm.rate.autoc.value,
                "autoc_se": of_arm.rate.autoc.standard_error,
                "blp_slope": of_arm.blp.value,
                "blp_slope_se": of_arm.blp.standard_error,
            }
            for arm, of_arm in zip(judgement.fitted.arms[1:], scores.arms, strict=True)
        ],
    }


def _segments(segments: EffectSegments) -> dict[str, Any]:
    return {
        "rules": segments.rules.to_dict(),
        "against": segments.gain.against,
        "gain_eur": estimate_values(segments.gain.difference),
        "effects": [
            {
                "segment": s.segment,
                "arm": s.arm,
                "chosen": s.chosen,
                "rows": s.rows,
                "share": s.share,
                "effect_eur": estimate_values(s.effect),
                "contact_cost_eur": s.cost_eur,
            }
            for s in segments.effects
        ],
    }


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


def _finite(value: Any) -> Any:
    """Replace what JSON cannot hold (an estimate that no row supports) by None."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value
