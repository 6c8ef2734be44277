"""Personalise, one arm for everyone, or nobody: what a held-out trial allows one to say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jobs.science.uplift.best_arm import BestArm
from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.policy_value import Contrast

NO_DIFFERENCE = Estimate(0.0, 0.0)
"""Of policies that treat every row alike: no chance is in it."""

Kind = Literal["personalise", "one arm for everyone", "nobody"]


@dataclass(frozen=True)
class Verdict:
    """The answer, and the euros to expect from following it.

    Parameters
    ----------
    kind : str
        "personalise", "one arm for everyone" or "nobody".
    arm : str or None
        The arm for everyone, None for the other two.
    net_eur : Estimate
        Net euros from all customers against treating nobody, contact costs taken off, with a 95% interval.
    treated_share : float
        Share of customers treated, in [0, 1]; below 1 for one arm where the budget ends, drawn at random.
    reason : str
        Why, in one or two sentences.
    """

    kind: Kind
    arm: str | None
    net_eur: Estimate
    treated_share: float
    reason: str


def decide(
    over_arms: Sequence[Contrast],
    over_nobody: Contrast,
    best: BestArm,
    *,
    arms: Sequence[str],
    treated_share: float,
    affordable_share: float,
    customers: int,
) -> Verdict:
    """Decide by paired contrasts on rows that neither the learner nor the choice of an arm has seen.

    A policy is taken only when the lower end of its 95% interval is above 0. Choosing by customer must beat nobody and
    every arm for everyone, not only the arm that looked best on other rows: beating the wrong arm is no reason to
    personalise. Doubt falls back to the simpler policy.

    Parameters
    ----------
    over_arms : sequence of Contrast, length n_arms - 1
        The learner's policy against each arm for everyone, in the order of the arms.
    over_nobody : Contrast
        The learner's policy against treating nobody.
    best : BestArm
        The best single arm and its honest gain.
    arms : sequence of str
        Names of the arms, the control first.
    treated_share : float
        Share of customers that the learner's policy treats, in [0, 1].
    affordable_share : float
        Share of customers that the budget pays the best single arm for, in [0, 1].
    customers : int
        Customers that the euros are reckoned for.

    Returns
    -------
    Verdict
        The answer with its reason.
    """
    name = arms[best.arm]
    over_best = over_arms[best.arm - 1].difference
    # What is said is why: the best arm's contrast, unless another arm's is the one in the way.
    way = (
        best.arm - 1 if over_best.low <= 0.0 else min(range(len(over_arms)), key=lambda i: over_arms[i].difference.low)
    )
    personal = f"Choosing by customer earns {_than(over_arms[way].difference)} {arms[way + 1]} for everyone"
    if over_nobody.difference.low > 0.0 and all(c.difference.low > 0.0 for c in over_arms):
        return Verdict(
            "personalise",
            None,
            over_nobody.difference.times(customers),
            treated_share,
            f"{personal}, the arm hardest to beat, and {_than(over_nobody.difference)} no contact.",
        )
    if best.gain.low > 0.0:
        if over_arms[way].difference == NO_DIFFERENCE:
            instead = f"Choosing by customer would give {arms[way + 1]} to the same customers"
        else:
            doubt = " than no contact" if all(c.difference.low > 0.0 for c in over_arms) else ""
            instead = f"{personal}, so it is not surely better{doubt}"
        return Verdict(
            "one arm for everyone",
            name,
            best.gain.times(customers),
            affordable_share,
            f"{name} for everyone earns {_than(best.gain)} no contact. {instead}.",
        )
    if over_nobody.difference == NO_DIFFERENCE:
        why = "choosing by customer would choose nobody: no contact is surely worth its cost"
    else:
        why = f"choosing by customer {_than(over_nobody.difference)} no contact: neither is surely worth its cost"
    return Verdict(
        "nobody", None, Estimate(0.0, 0.0), 0.0, f"{name} for everyone earns {_than(best.gain)} no contact, {why}."
    )


def _than(difference: Estimate) -> str:
    """Say a difference in words, so that a loss reads as one."""
    size, low, high, than = difference.value, difference.low, difference.high, "more than"
    if size < 0.0:
        size, low, high, than = -size, -high, -low, "less than"
    digits = 3 if max(abs(low), abs(high)) >= 0.01 else 5
    return f"{size:.{digits}f} euro a customer (95% interval {low:.{digits}f} to {high:.{digits}f}) {than}"
