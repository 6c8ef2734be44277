"""What each arm did for those who drew it: explorers who drew nothing, weighted to be like them, are the comparison."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadRequest
from jobs.science.experiment.interval import Effect, Estimate, contrast
from jobs.science.experiment.moments import Floats

_LEAST_ROWS = 50
"""Rows that drew the arm, and evenly weighted rows that drew nothing, below which an arm is not spoken of."""


@dataclass(frozen=True)
class Explored:
    """Rows of explorers whose draw stood.

    Parameters
    ----------
    drawn : numpy.ndarray of int64, shape (n,)
        What was drawn: an arm, or -1 for nothing.
    probability : numpy.ndarray of shape (n, n_arms + 1)
        Of every arm and, last, of nothing; 0 where it could not be drawn.
    outcome_eur : numpy.ndarray of shape (n,)
        What was measured, euro.
    promised_effect_eur : numpy.ndarray of shape (n,)
        Effect that was promised of what was drawn, euro.
    """

    drawn: NDArray[np.int64]
    probability: Floats
    outcome_eur: Floats
    promised_effect_eur: Floats


@dataclass(frozen=True)
class DrawnArm:
    """An arm among explorers.

    Parameters
    ----------
    arm : str
        Its name.
    rows : int
        Rows that drew it and could have drawn nothing.
    effective_rows : float
        Rows of even weight that those who drew nothing are worth.
    effect : Effect
        Of the arm on a row that drew it, euro, before contact costs.
    promised_effect_eur : float
        What was promised of such a row.
    """

    arm: str
    rows: int
    effective_rows: float
    effect: Effect
    promised_effect_eur: float


def drawn_arms(arms: Sequence[str], rows: Explored, alpha: float = 0.05) -> tuple[DrawnArm, ...]:
    """Measure each arm on those who drew it.

    Who drew nothing counts with the odds that he had of the arm, so that both sides are alike in everything that the
    draw knew. The weighted mean is normalised by its weights; its error is that of the linearised rows.

    Parameters
    ----------
    arms : sequence of str, length n_arms
        Names, in the order of the probabilities.
    rows : Explored
        Explorers; rows that a limit changed after the draw must be left out.
    alpha : float
        One less the confidence, in (0, 1).

    Returns
    -------
    tuple of DrawnArm
        Of arms with rows enough, in their order.

    Raises
    ------
    BadRequest
        If the probabilities are not of these arms, or something was drawn that could not be.

    References
    ----------
    Hirano, Imbens and Ridder (2003), Efficient estimation of average treatment effects. Econometrica 71.

    Examples
    --------
    >>> r = np.random.default_rng(0)
    >>> took = r.random(2_000) < 0.5
    >>> rows = Explored(np.where(took, 0, -1), np.full((2_000, 2), 0.5), 3.0 * took + r.random(2_000), 2.0 * took)
    >>> found = drawn_arms(["mail"], rows)[0]
    >>> round(found.effect.absolute.value, 1), found.promised_effect_eur
    (3.0, 2.0)
    """
    n = len(rows.drawn)
    if rows.probability.shape != (n, len(arms) + 1):
        raise BadRequest(f"probabilities of shape {rows.probability.shape} are not of {n} rows and {len(arms)} arms.")
    own = rows.probability[np.arange(n), rows.drawn]
    if not (own > 0.0).all():
        row = int((own <= 0.0).argmax())
        raise BadRequest(
            f"row {row} drew what it had a probability of {own[row]:g} of: log every probability as drawn."
        )
    nothing = rows.probability[:, -1]
    found = []
    for place, arm in enumerate(arms):
        odds = np.divide(rows.probability[:, place], nothing, out=np.zeros(n), where=nothing > 0.0)
        took = (rows.drawn == place) & (nothing > 0.0)
        beside = (rows.drawn == -1) & (odds > 0.0)
        weight = odds[beside]
        effective = float(weight.sum() ** 2 / (weight @ weight)) if len(weight) else 0.0
        if min(took.sum(), effective) < _LEAST_ROWS:
            continue
        of_took, of_nothing = rows.outcome_eur[took], rows.outcome_eur[beside]
        mean = float(weight @ of_nothing / weight.sum())
        linear = weight / weight.mean() * (of_nothing - mean)
        found.append(
            DrawnArm(
                arm,
                int(took.sum()),
                effective,
                contrast(
                    Estimate(mean, float(linear @ linear) / (len(linear) - 1) / len(linear), int(effective)),
                    Estimate(float(of_took.mean()), float(of_took.var(ddof=1)) / len(of_took), len(of_took)),
                    alpha,
                ),
                float(rows.promised_effect_eur[took].mean()),
            )
        )
    return tuple(found)
