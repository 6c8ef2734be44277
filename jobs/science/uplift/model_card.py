"""The model's card: what it was made from, how it was judged and chosen, and what it must not be used for."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jobs.science.uplift.card import judgement_card
from jobs.science.uplift.judgement import Judgement
from jobs.science.uplift.trial import Trial

DOUBT_ABOVE = 0.05
"""p-value above which nothing shows that customers differ in what an arm does to them."""

THIN_BELOW = 0.5
"""Share of an arm's rows, by effective size, below which its overlap is thin."""


def model_card(
    trial: Trial,
    judgement: Judgement,
    *,
    data: str,
    outcome_in_words: str,
    sample_ratio_p: float | None,
    dates: Mapping[str, Any] | None = None,
    left_out: Mapping[str, str] | None = None,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the card as values that JSON can hold.

    Parameters
    ----------
    trial : Trial
        The whole trial, rows that trained and rows that judged.
    judgement : Judgement
        What was found.
    data : str
        Where the trial is from: a file's or a campaign's name.
    outcome_in_words : str
        What was measured, with its unit.
    sample_ratio_p : float or None
        Of the check of the arms' sizes, in [0, 1]; None where nobody drew the arms and propensities are estimates.
    dates : mapping, optional
        ``first`` and ``last`` day on which an outcome became final, and ``window_days``; None where the data do not
        say.
    left_out : mapping of str to str, optional
        Columns that are no feature, and why.
    warnings : sequence of str
        What to look at before the model is believed, in whole sentences.

    Returns
    -------
    dict
        All of `judgement_card`, and ``data``, ``dates``, ``outcome_in_words``, ``trial`` (arms with propensities and
        overlap, features), ``calibration`` by arm, ``limits`` in whole sentences.
    """
    card = judgement_card(judgement)
    facts = _trial(trial, sample_ratio_p)
    return {
        **card,
        "data": data,
        "dates": None if dates is None else dict(dates),
        "outcome_in_words": outcome_in_words,
        "trial": facts | {"left_out": dict(left_out or {})},
        "calibration": [
            {"arm": arm, "level_eur": c.level, "slope": c.slope, "center_eur": c.center}
            for arm, c in zip(trial.arms[1:], judgement.fitted.calibration, strict=True)
        ],
        "limits": [*_limits(trial, judgement, facts, outcome_in_words, dates), *warnings],
    }


def _trial(trial: Trial, sample_ratio_p: float | None) -> dict[str, Any]:
    arms = []
    for a, name in enumerate(trial.arms):
        drawn = trial.propensity[trial.arm == a]
        outcome = trial.outcome[trial.arm == a]
        weight = 1.0 / drawn
        arms.append(
            {
                "arm": name,
                "rows": len(drawn),
                "mean_outcome_eur": float(np.mean(outcome)),
                "propensity": {
                    "mean": float(np.mean(drawn)),
                    "low": float(np.min(drawn)),
                    "high": float(np.max(drawn)),
                },
                # Kish: so many rows of equal weight would say as much.
                "effective_rows": float(np.sum(weight) ** 2 / np.sum(weight**2)),
            }
        )
    return {
        "rows": len(trial),
        "clusters": None if trial.cluster is None else len(np.unique(trial.cluster)),
        "control": trial.arms[0],
        "arms": arms,
        "sample_ratio_p": sample_ratio_p,
        "features": dict(trial.features),
    }


def _limits(
    trial: Trial,
    judgement: Judgement,
    facts: Mapping[str, Any],
    outcome_in_words: str,
    dates: Mapping[str, Any] | None,
) -> list[str]:
    """Say what the model must not be used for, each limit with the figure that sets it."""
    verdict, chosen = judgement.verdict, judgement.chosen
    said = []
    if verdict.kind != "personalise":
        instead = f"the mean effect of {verdict.arm} for everyone" if verdict.arm else "no effect at all"
        said.append(
            f"What the learner found is not put to work: choosing by customer is not surely better, and the scorer "
            f"gives {instead}."
        )
    if chosen.scores.heterogeneity_p > DOUBT_ABOVE:
        said.append(
            f"Nothing shows beyond doubt that an arm does more for some customers than for others "
            f"(p = {chosen.scores.heterogeneity_p:.2g}): read importances and segments as hints."
        )
    said.append(
        f"It speaks of customers like the trial's {len(trial):,}, offered the same arms at the same cost: of others it "
        "guesses."
    )
    when = "" if dates is None else f" within {dates['window_days']} days"
    said.append(f"Effects are those on {outcome_in_words}{when}; what comes later is not in them.")
    said.append("Importances and segments say what goes with an effect, not what causes it.")
    said.append("What one customer is sent is taken to leave all others as they were.")
    if trial.cluster is None:
        said.append("Rows are taken to be independent: no column told which of them belong together.")
    return said + [
        f"{arm['arm']} was drawn with very unequal propensities: its {arm['rows']:,} rows say as much as "
        f"{arm['effective_rows']:,.0f} would with equal ones."
        for arm in facts["arms"]
        if arm["effective_rows"] < THIN_BELOW * arm["rows"]
    ]
