"""What looks before the planned end can find: a trial that is read while it runs, by its always-valid intervals."""

import math
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import ndtr

from jobs.errors import BadRequest
from jobs.science.experiment.always_valid import AlwaysValid
from jobs.science.experiment.interval import FixedHorizon
from jobs.science.experiment.power import Baseline, Design, minimum_detectable_effect, standard_error

MOST_LOOKS = 1_000


@dataclass(frozen=True)
class Look:
    """A planned look.

    Parameters
    ----------
    fraction : float
        Units seen by then over units planned, in (0, 1].
    units : float
        Units seen by then.
    is_final : bool
        Whether it is the planned end, where the interval is Student's t.
    width : float
        Width of its interval over that of Student's t on as many units.
    minimum_effect : float
        Smallest effect that this look alone finds with the design's power, in the metric's unit.
    """

    fraction: float
    units: float
    is_final: bool
    width: float
    minimum_effect: float


def planned_looks(looks: int, units: float, known: Baseline, design: Design, arm: int = 1) -> tuple[Look, ...]:
    """Return what each of evenly spaced looks can find.

    Parameters
    ----------
    looks : int
        How many, the last at the planned end.
    units : float
        Planned units, in all arms together.
    known : Baseline
        The metric's past.
    design : Design
        The plan.
    arm : int
        Which arm is compared with the control, from 1.

    Returns
    -------
    tuple of Look
        Looks before the end follow the asymptotic confidence sequence, whose power is that of a normal estimate.

    Raises
    ------
    BadRequest
        If there are fewer than one look or too many, or the first has too few units.

    Examples
    --------
    >>> [round(look.width, 2) for look in planned_looks(2, 4000, Baseline(10.0, 4.0), Design())]
    [1.57, 1.0]
    """
    if not 1 <= looks <= MOST_LOOKS:
        raise BadRequest(f"looks == {looks}, must be from 1 to {MOST_LOOKS}.")
    found = []
    for number in range(1, looks + 1):
        seen, is_final = units * number / looks, number == looks
        error, degrees = standard_error(seen, known, design, arm)
        student = FixedHorizon().reach(design.alpha_each, degrees)
        reach = student if is_final else AlwaysValid(number / looks, design.alpha).reach(design.alpha_each, degrees)
        least = minimum_detectable_effect(seen, known, design, arm) if is_final else error * _away(reach, design.power)
        found.append(Look(number / looks, seen, is_final, reach / student, least))
    return tuple(found)


def _away(reach: float, power: float) -> float:
    """Return how many standard errors an effect must be away from 0 to leave an interval of this reach so often."""

    def short(away: float) -> float:
        return float(ndtr(away - reach) + ndtr(-away - reach)) - power

    return float(brentq(short, 0.0, reach + 10.0 + math.sqrt(reach), xtol=1e-12))
