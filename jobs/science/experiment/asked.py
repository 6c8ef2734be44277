"""What a plan is asked for, from the words of a command line: arms with shares, effects by metric."""

import math
from collections.abc import Sequence

from jobs.errors import BadRequest
from jobs.science.experiment.plan import Wanted, parse_effect

CONTROL = "control"
MOST_ARMS = 100


def shares_in_words(words: Sequence[str], arms: int | None = None) -> dict[str, float]:
    """Return the share of every arm, the control first.

    Parameters
    ----------
    words : sequence of str
        Each ``ARM=SHARE``, the control first; none for equal shares.
    arms : int, optional
        Arms of equal shares, the control included; two where nothing is said.

    Returns
    -------
    dict of str to float
        Scaled to sum to 1.

    Raises
    ------
    BadRequest
        If a word is of another form, there are fewer than two arms, or both are given and differ.

    Examples
    --------
    >>> shares_in_words(["control=0.5", "mail=0.25", "both=0.25"])["mail"]
    0.25
    >>> shares_in_words([], 2)
    {'control': 0.5, 'arm 1': 0.5}
    """
    if not words:
        number = 2 if arms is None else arms
        if not 2 <= number <= MOST_ARMS:
            raise BadRequest(f"--arms is {number}: a control and one arm more at least, {MOST_ARMS} at most.")
        return {CONTROL if not arm else f"arm {arm}": 1.0 / number for arm in range(number)}
    found: dict[str, float] = {}
    for word in words:
        name, _, said = word.rpartition("=")
        share = _number(said)
        if not name.strip() or not 0.0 < share < math.inf:
            raise BadRequest(f"--share {word!r} is not ARM=SHARE with a share above 0: write it as mail=0.25.")
        if name.strip() in found:
            raise BadRequest(f"--share names arm {name.strip()!r} twice: keep one.")
        found[name.strip()] = share
    if len(found) < 2 or (arms is not None and arms != len(found)):
        raise BadRequest(f"--share names {len(found)} arms: name {arms or 'two or more'}, the control first.")
    whole = sum(found.values())
    # Shares that are no whole were cut short or hold a slip; a third may be written as 0.33.
    if abs(whole - 1.0) > 0.02:
        raise BadRequest(f"--share adds up to {whole:g}, must be 1: correct the shares of {', '.join(found)}.")
    return {name: share / whole for name, share in found.items()}


def effects_in_words(words: Sequence[str], metrics: Sequence[str]) -> dict[str, Wanted]:
    """Return the effect that is to be found, by name of metric.

    Parameters
    ----------
    words : sequence of str
        Each ``5%`` or ``0.3``, of every metric, or ``METRIC=5%`` of one.
    metrics : sequence of str
        Names of the metrics.

    Returns
    -------
    dict of str to Wanted

    Raises
    ------
    BadRequest
        If a word is no effect, names no metric, or a metric has two.

    Examples
    --------
    >>> effects_in_words(["revenue=5%"], ["revenue", "visits"])
    {'revenue': Wanted(size=0.05, is_relative=True)}
    """
    found: dict[str, Wanted] = {}
    for word in words:
        name, equals, said = word.rpartition("=")
        named = [name.strip()] if equals else list(metrics)
        for metric in named:
            if metric not in metrics:
                raise BadRequest(f"--effect {word!r} is of {metric!r}, which is none of {', '.join(metrics)}.")
            if metric in found:
                raise BadRequest(f"--effect is given twice for metric {metric!r}: keep one.")
            found[metric] = parse_effect(said)
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
