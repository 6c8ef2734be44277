"""The answer to a trial as plain values: what JSON holds, pages show and people are told."""

from collections.abc import Sequence
from typing import Any

from jobs.science.uplift.baselines import NOBODY, PERSONALISED
from jobs.science.uplift.card import judgement_card
from jobs.science.uplift.intake import Intake
from jobs.science.uplift.judged_policies import everyone
from jobs.science.uplift.judgement import Judgement
from jobs.science.uplift.readable import Readable
from jobs.science.uplift.target_list import TargetList


def answer_values(
    intake: Intake, readable: Readable, judgement: Judgement, targets: TargetList, cost_eur: Sequence[float]
) -> dict[str, Any]:
    """Return all that was found as values that JSON can hold.

    Parameters
    ----------
    intake : Intake
        What became of every row.
    readable : Readable
        The trial that was judged, and what to look at.
    judgement : Judgement
        What was found on untouched rows.
    targets : TargetList
        The list and its promise.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro.

    Returns
    -------
    dict
        ``verdict`` ("personalise", "one arm for everyone" or "nobody"), ``arm``, ``net_euros``, ``net_euros_low``,
        ``net_euros_high`` (95%), ``gap`` (what the list may miss of the best list for the same scores, in [0, 1]),
        ``sample_ratio_p`` (None where nobody drew the arms), ``choice`` (the policy that is followed), ``fallback``
        (what was fallen back to, None where customers are chosen one by one), ``learners`` (every metric of each),
        ``learner`` (the one that was chosen, and why), ``effects`` (that one's, by arm), ``policies``, ``contrasts``,
        ``segments``, ``importances``, ``arms``, ``rows`` and more. Estimates are value, low and high in euro a
        customer.
    """
    verdict = judgement.verdict
    card = judgement_card(judgement)
    choice = PERSONALISED if verdict.kind == "personalise" else everyone(verdict.arm) if verdict.arm else NOBODY
    total = sum(readable.ratio.expected)
    curve = targets.curve
    return {
        "verdict": verdict.kind,
        "arm": verdict.arm,
        "reason": verdict.reason,
        "net_euros": targets.net_eur.value,
        "net_euros_low": targets.net_eur.low,
        "net_euros_high": targets.net_eur.high,
        "gap": targets.allocation.gap,
        "sample_ratio_p": readable.sample_ratio_p,
        "choice": choice,
        "fallback": None if verdict.kind == "personalise" else verdict.arm or NOBODY,
        "customers": len(targets.arm),
        "contacted": int(targets.allocation.counts.sum()),
        "cost_eur": targets.allocation.spend_eur,
        "kept_share": targets.kept_share,
        "arms": [
            {
                "arm": name,
                "contact_cost_eur": cost_eur[i],
                "customers": int(targets.allocation.counts[i]),
                "cost_eur": float(targets.allocation.counts[i] * cost_eur[i]),
                "expected_net_eur": float(targets.expected_net_eur[targets.arm == i].sum()),
            }
            for i, name in enumerate(readable.trial.arms[1:])
        ],
        "sample_ratio": {
            "of": readable.ratio_of,
            "drawn": readable.drawn,
            "design": readable.design,
            "arms": [
                {"arm": name, "rows": rows, "expected_share": expected / total}
                for name, rows, expected in zip(
                    readable.trial.arms, readable.ratio.counts, readable.ratio.expected, strict=True
                )
            ],
        },
        "rows": {
            "in": intake.rows_in,
            "used": len(readable.trial),
            "set_aside": intake.set_aside,
            "train": judgement.rows_train,
            "held_out": judgement.rows_held_out,
        },
        "features": dict(readable.trial.features),
        "left_out": readable.left_out,
        "learners": card["learners"],
        "learner": card["choice"],
        "effects": [
            {
                "arm": found.arm,
                "qini_sklift": found.qini,
                "blp_slope": found.slope.value,
                "blp_slope_se": found.slope.standard_error,
                "effect_eur": shown["effect_eur"],
                "qini_curve": shown["qini_curve"],
                "deciles": shown["deciles"],
            }
            for found, shown in zip(judgement.arms, card["arms"], strict=True)
        ],
        "policies": [{**p, "chosen": p["name"] == choice} for p in card["policies"]],
        "contrasts": card["contrasts"],
        "promise": card["promise"],
        "segments": {k: v for k, v in card["segments"].items() if k != "rules"},
        "importances": card["importances"],
        "budget_curve": None
        if curve is None
        else {"spend_eur": curve.spend_eur.tolist(), "net_eur": curve.value_eur.tolist()},
        "warnings": list(readable.warnings),
    }
