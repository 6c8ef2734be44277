"""A planned reading, replayed on the past it was planned from: how often it errs, and how often it finds."""

from dataclasses import dataclass

from jobs.science.experiment.history import History
from jobs.science.experiment.plan import Plan, smallest_arm
from jobs.science.experiment.power import Design, minimum_detectable_effect
from jobs.science.experiment.replay import Replay, aa_replay


@dataclass(frozen=True)
class Rehearsal:
    """A planned reading, replayed on the past.

    Parameters
    ----------
    replay : Replay
        What the draws showed.
    units : int
        Of each draw, in the control and the smallest arm together, on average.
    effect : float
        That was put in, in the metric's unit: the smallest that so many units should find.
    alpha, power : float
        As planned, of one comparison.
    """

    replay: Replay
    units: int
    effect: float
    alpha: float
    power: float

    @property
    def verdict(self) -> str:
        """Say whether the reading errs as stated: ``as stated``, ``too often`` or ``too rarely``."""
        lower, upper = self.replay.limits()
        return "too often" if lower > self.alpha else "too rarely" if upper < self.alpha else "as stated"


def rehearsed(made: Plan, history: History, design: Design, *, replays: int, seed: int) -> Rehearsal:
    """Replay the planned reading at the planned end on the past, with as many units as planned where it has them.

    Parameters
    ----------
    made : Plan
        The plan.
    history : History
        That it was made from.
    design : Design
        Its design; the control and the smallest arm are drawn.
    replays : int
        Draws of arms, at least 100.
    seed : int
        Of the draws.

    Returns
    -------
    Rehearsal
    """
    arm = smallest_arm(design)
    pair = Design((design.shares[0], design.shares[arm]), design.alpha_each, design.power)
    units = min(round(sum(design.sizes(made.units, arm))), len(history.rows))
    added = minimum_detectable_effect(units, made.known, pair)
    found = aa_replay(
        made.metric,
        history.columns,
        history.rows,
        share=pair.shares[1] / sum(pair.shares),
        replays=replays,
        alpha=pair.alpha,
        added=added,
        units=units,
        seed=seed,
    )
    return Rehearsal(found, units, added, pair.alpha, pair.power)
