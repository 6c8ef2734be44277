"""Values of a command line that may differ from arm to arm: ``0.02``, or ``"ARM=0.02"`` again and again."""

import math
from collections.abc import Sequence

from jobs.errors import BadRequest


def cost_of_each_arm(given: Sequence[str], arms: Sequence[str], name: str = "--contact-cost") -> list[float]:
    """Return what a contact of every arm costs.

    Parameters
    ----------
    given : sequence of str
        A number for all arms, ``ARM=NUMBER`` for one; the latter goes before the former. Euro, 0 or more.
    arms : sequence of str
        Names of the arms, the control first; it costs nothing.
    name : str
        The flag, for messages.

    Returns
    -------
    list of float
        Euro, one for each arm but the control.

    Raises
    ------
    BadRequest
        If a value is no number, negative or infinite, names an arm there is not, or an arm has none.

    Examples
    --------
    >>> cost_of_each_arm(["0.5", "post=1.2"], ["none", "mail", "post"])
    [0.5, 1.2]
    """
    for_all: float | None = None
    of_arm: dict[str, float] = {}
    for text in given:
        if (cost := _number(text)) is not None:
            for_all = cost
        else:
            arm, cost = named_value(text, name)
            if arm not in arms[1:]:
                raise BadRequest(f"{name} names {arm!r}, the arms are {', '.join(map(repr, arms[1:]))}: correct it")
            of_arm[arm] = cost
        if not 0.0 <= cost < math.inf:
            raise BadRequest(f"{name} is {text!r}: a contact costs 0 euro or more")
    costs = [of_arm.get(arm, for_all) for arm in arms[1:]]
    for arm, known in zip(arms[1:], costs, strict=True):
        if known is None:
            raise BadRequest(f'{name} says nothing of {arm!r}: add {name} "{arm}=EUR"')
    return [c for c in costs if c is not None]


def named_value(text: str, name: str) -> tuple[str, float]:
    """Read ``ARM=NUMBER``; the arm's own name may hold the sign.

    Parameters
    ----------
    text : str
        As it was typed.
    name : str
        The flag, for messages.

    Raises
    ------
    BadRequest
        If it is of another form.

    Examples
    --------
    >>> named_value("a=b=0.5", "--share")
    ('a=b', 0.5)
    """
    arm, _, number = text.rpartition("=")
    value = _number(number)
    if not arm or value is None:
        raise BadRequest(f"{name} is {text!r}, which is no number and not ARM=NUMBER: correct it")
    return arm, value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
