"""A plan as plain values: what JSON holds and a terminal shows."""

import math
from collections.abc import Sequence
from typing import Any

from jobs.science.experiment.duration import WEEK_DAYS, units_by
from jobs.science.experiment.history import History
from jobs.science.experiment.plan import Plan, Traffic
from jobs.science.experiment.question import Question, Read
from jobs.science.experiment.rehearsal import Rehearsal


def plan_answer(
    asked: Question,
    history: History,
    traffic: Traffic,
    plans: Sequence[Plan],
    rehearsals: Sequence[Rehearsal],
) -> dict[str, Any]:
    """Return a plan of several metrics as plain values.

    Parameters
    ----------
    asked : Question
        What was asked.
    history : History
        What the past told.
    traffic : Traffic
        Who comes.
    plans : sequence of Plan
        One a metric, in the order of the question.
    rehearsals : sequence of Rehearsal
        Their replays on the past, or none at all.

    Returns
    -------
    dict
        Of plain values, no number that JSON cannot hold.
    """
    design = asked.reads[0].design
    replays: Sequence[Rehearsal | None] = rehearsals or [None] * len(plans)
    units = max(made.units for made in plans)
    entered = None
    if asked.entry_days is not None and traffic.first_seen:
        entered = math.floor(units_by(asked.entry_days, traffic.first_seen, exposure=traffic.exposure))
    return {
        "format": 1,
        "units": units,
        "days": traffic.days(units),
        "drawn": "clusters" if history.singles is not None else "units",
        "history": {
            "rows": history.rows_in,
            "rows_used": history.rows_used,
            "rows_open": history.rows_open,
            "set_aside": [{"column": c, "reason": why, "rows": rows} for c, why, rows in history.set_aside],
            "drawn": len(history.rows),
            "units": len(history.rows) if history.singles is None else history.singles.count,
            "days": len(history.first_seen),
        },
        "arms": [{"arm": arm, "share": share} for arm, share in asked.arms.items()],
        "alpha": design.alpha,
        "alpha_each": design.alpha_each,
        "power": design.power,
        "traffic": {
            "known": bool(traffic.first_seen),
            "last_week": sum(traffic.first_seen[-WEEK_DAYS:]),
            "exposure": traffic.exposure,
            "window_days": traffic.window_days,
            "entry_days": asked.entry_days,
            "entered": entered,
        },
        "metrics": [
            _metric(made, read, rehearsal) for made, read, rehearsal in zip(plans, asked.reads, replays, strict=True)
        ],
        "unplanned": list(asked.unplanned),
    }


def _metric(made: Plan, read: Read, rehearsal: Rehearsal | None) -> dict[str, Any]:
    value = made.known.value

    def both(effect: float) -> dict[str, float | None]:
        return {"absolute": effect, "relative": effect / value if value > 0.0 else None}

    return {
        "metric": made.metric.name,
        "kind": made.metric.kind,
        "column": made.metric.value,
        "denominator": made.metric.denominator,
        "role": read.role,
        "cap": made.metric.cap,
        "covariates": list(made.metric.covariates),
        "value": value,
        "standard_deviation": math.sqrt(made.known.variance),
        "explained": made.known.explained,
        "design_effect": made.design_effect,
        "alpha_each": read.design.alpha_each,
        "effect": None if made.effect is None else both(made.effect),
        "needed": made.needed,
        "power": made.power,
        "minimum_effect": both(made.minimum_effect),
        "table": [{"weeks": row.weeks, "units": row.units} | both(row.minimum_effect) for row in made.table],
        "looks": [
            {
                "fraction": look.fraction,
                "units": round(look.units),
                "final": look.is_final,
                "width": look.width,
            }
            | both(look.minimum_effect)
            for look in made.looks
        ],
        "replay": None if rehearsal is None else _replay(rehearsal, value),
    }


def _replay(rehearsal: Rehearsal, value: float) -> dict[str, Any]:
    lower, upper = rehearsal.replay.limits()
    return {
        "replays": rehearsal.replay.replays,
        "units": rehearsal.units,
        "alpha": rehearsal.alpha,
        "false_positive_rate": rehearsal.replay.false_positive_rate,
        "lower": lower,
        "upper": upper,
        "effect": rehearsal.effect,
        "relative": rehearsal.effect / value if value > 0.0 else None,
        "power": rehearsal.replay.power,
        "power_planned": rehearsal.power,
        "verdict": rehearsal.verdict,
    }
