"""Who is in a trial and in which arm: decided by salted digests of the id, the same in Python, in SQL and at the door.

The recipe of a draw is that of :mod:`jobs.science.experiment.holdout`: the first eight bytes of SHA-256 of ``salt:id``,
as a whole number over 2^64. Every decision has a salt of its own, so decisions are independent of each other.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadRequest
from jobs.science.experiment.holdout import below, id_numbers, in_holdout

if TYPE_CHECKING:
    import pyarrow as pa  # the endpoint draws single ids, and its package brings no Arrow

HOLDOUT = "holdout"
OUTSIDE = "outside"
"""Of those who are in no arm: kept back from everything, or not in this trial."""


@dataclass(frozen=True)
class Holdout:
    """Units kept back: by the whole company, or by one campaign.

    Parameters
    ----------
    salt : str
        Its name; the campaign's id for a campaign's own, as the allocation of offers draws it.
    share : float
        In [0, 1]; a larger one keeps everyone who was in.
    """

    salt: str
    share: float

    def __post_init__(self) -> None:
        _named("salt", self.salt)
        if not 0.0 <= self.share <= 1.0:
            raise BadRequest(f"share == {self.share} of holdout {self.salt!r}, must be in [0, 1].")


@dataclass(frozen=True)
class Slot:
    """A trial's place in a layer: trials with places that do not overlap have no unit in common.

    Parameters
    ----------
    layer : str
        Name of the layer, and its salt.
    start, end : float
        From where to where, in [0, 1].
    """

    layer: str
    start: float
    end: float

    def __post_init__(self) -> None:
        _named("layer", self.layer)
        if not 0.0 <= self.start < self.end <= 1.0:
            raise BadRequest(f"layer {self.layer!r} from {self.start} to {self.end}: must go upwards, in [0, 1].")

    def overlaps(self, other: "Slot") -> bool:
        """Return whether a unit may be in both."""
        return self.layer != other.layer or (self.start < other.end and other.start < self.end)


@dataclass(frozen=True)
class Assignment:
    """The rule by which a trial draws.

    Parameters
    ----------
    salt : str
        The trial's name; never used for another trial.
    shares : mapping of str to float
        Arms and their shares, above 0, together 1; the control first.
    exposure : float
        Share of the eligible units that is in, in [0, 1]: raise it to ramp up.
    slot : Slot, optional
        Place in a layer.
    holdouts : tuple of Holdout
        Whoever is in one of them is in no arm.
    strata : mapping of str to mapping of str to float
        Shares of the same arms in strata that differ from `shares`.
    version : int
        Of the rule, from 1: logged with every draw.

    Raises
    ------
    BadRequest
        If a value is not allowed.
    """

    salt: str
    shares: Mapping[str, float]
    exposure: float = 1.0
    slot: Slot | None = None
    holdouts: tuple[Holdout, ...] = ()
    strata: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: MappingProxyType({}))
    version: int = 1

    def __post_init__(self) -> None:
        _named("salt", self.salt)
        if not 0.0 <= self.exposure <= 1.0 or self.version < 1:
            raise BadRequest(f"exposure == {self.exposure} and version == {self.version}: in [0, 1] and at least 1.")
        salts = [self.entry_salt, self.arm_salt, *(h.salt for h in self.holdouts)]
        salts += [] if self.slot is None else [self.slot.layer]
        if len(set(salts)) < len(salts):
            raise BadRequest(f"trial {self.salt!r} draws by {salts}: one name for two decisions would make them one.")
        for where, shares in [("the trial", self.shares), *((f"stratum {s!r}", v) for s, v in self.strata.items())]:
            if list(shares) != list(self.shares):
                raise BadRequest(f"{where} has arms {list(shares)}, not {list(self.shares)}: name the same, in order.")
            total = math.fsum(shares.values())
            if len(shares) < 2 or min(shares.values()) <= 0.0 or abs(total - 1.0) > 1e-9:
                raise BadRequest(f"{where} has shares {dict(shares)}: two arms at least, each above 0, together 1.")
            if {HOLDOUT, OUTSIDE, ""} & set(shares):
                raise BadRequest(f"{where} has arms {list(shares)}: none may be called {HOLDOUT!r}, {OUTSIDE!r} or ''.")

    @property
    def entry_salt(self) -> str:
        """Salt of who is in."""
        return f"{self.salt}/entry"

    @property
    def arm_salt(self) -> str:
        """Salt of the arm."""
        return f"{self.salt}/arm"

    def bounds(self, stratum: str | None = None) -> tuple[float, ...]:
        """Return where the arms but the last end on the line from 0 to 1."""
        shares = list((self.shares if stratum is None else self.strata.get(stratum, self.shares)).values())
        return tuple(math.fsum(shares[: i + 1]) for i in range(len(shares) - 1))


@dataclass(frozen=True)
class Drawn:
    """What was drawn, unit by unit.

    Parameters
    ----------
    arm : numpy.ndarray of str, shape (n_units,)
        An arm, ``holdout`` or ``outside``.
    propensity : numpy.ndarray of shape (n_units,)
        Probability of that arm among those who are in; NaN for those who are not.
    """

    arm: NDArray[np.str_]
    propensity: NDArray[np.float64]


def assign(
    rule: Assignment,
    ids: "Sequence[str] | pa.Array | pa.ChunkedArray",
    strata: "Sequence[str | None] | pa.Array | pa.ChunkedArray | None" = None,
) -> Drawn:
    """Return every unit's arm.

    Parameters
    ----------
    rule : Assignment
        How to draw.
    ids : sequence of str, or Arrow array of strings, length n_units
        What is drawn: customers; or each row's household or partner, so that all rows of one get the same arm.
    strata : sequence of str, or Arrow array of strings, length n_units, optional
        Each unit's stratum; required when the rule has strata. A stratum without shares of its own, or a missing
        one, has those of the trial.

    Returns
    -------
    Drawn

    Raises
    ------
    BadRequest
        If the rule has strata and none are given, or of another length.
    BadRows
        If an id is missing.

    Examples
    --------
    >>> rule = Assignment("spring", {"none": 0.5, "mail": 0.5})
    >>> assign(rule, ["a", "b", "c"]).arm.tolist()
    ['none', 'mail', 'mail']
    """
    if rule.strata and (strata is None or len(strata) != len(ids)):
        raise BadRequest(f"the rule of {rule.salt!r} has strata: give the stratum of each of the {len(ids)} units.")
    inside = below(id_numbers(ids, rule.entry_salt), rule.exposure)
    if rule.slot is not None:
        place = id_numbers(ids, rule.slot.layer)
        inside &= below(place, rule.slot.end) & ~below(place, rule.slot.start)
    number = id_numbers(ids, rule.arm_salt)
    index = _past(number, rule.bounds())
    probability = np.array(list(rule.shares.values()))[index]
    if rule.strata and strata is not None:
        said: Any = strata.to_pylist() if hasattr(strata, "to_pylist") else strata
        of = np.array(said, dtype=object)
        for stratum, shares in rule.strata.items():
            here = of == stratum
            index[here] = _past(number[here], rule.bounds(stratum))
            probability[here] = np.array(list(shares.values()))[index[here]]
    arm = np.where(inside, np.array(list(rule.shares))[index], OUTSIDE)
    held = np.zeros(len(arm), np.bool_)
    for holdout in rule.holdouts:
        held |= in_holdout(ids, holdout.salt, holdout.share)
    arm = np.where(held, HOLDOUT, arm)
    return Drawn(arm, np.where(inside & ~held, probability, np.nan))


def ramped(before: Assignment, after: Assignment) -> Assignment:
    """Return the later rule, if everyone who is in stays in the arm where they are.

    Raises
    ------
    BadRequest
        If the later rule moves anybody: another salt or stratum, other shares, a lower exposure, a narrower place in
        the layer, a new or larger holdout.
    """
    old, new = before.slot, after.slot
    kept = {h.salt: h.share for h in before.holdouts}
    moved = {
        "salt": before.salt != after.salt,
        "shares": list(before.shares.items()) != list(after.shares.items()),
        "strata": before.strata != after.strata,
        "exposure": after.exposure < before.exposure,
        "slot": new is not None
        and (old is None or new.layer != old.layer or new.start > old.start or new.end < old.end),
        "holdouts": any(h.share > kept.get(h.salt, 0.0) for h in after.holdouts),
        "version": after.version <= before.version,
    }
    wrong = [name for name, moves in moved.items() if moves]
    if wrong:
        raise BadRequest(
            f"trial {before.salt!r} cannot go from version {before.version} to {after.version}: its {wrong[0]} would "
            "move units that are in; raise the exposure only, or start another trial."
        )
    return after


def clashing(rules: Mapping[str, Slot]) -> list[tuple[str, str]]:
    """Return pairs of trials that share a layer and, against its purpose, units."""
    names = sorted(rules)
    return [
        (a, b)
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if rules[a].layer == rules[b].layer and rules[a].overlaps(rules[b])
    ]


def _past(number: NDArray[np.uint64], bounds: tuple[float, ...]) -> NDArray[np.int64]:
    index = np.zeros(len(number), np.int64)
    for bound in bounds:
        index += ~below(number, bound)
    return index


def _named(what: str, name: str) -> None:
    if not name or ":" in name:
        # "a:b" with id "c" and "a" with id "b:c" would be one draw
        raise BadRequest(f"{what} {name!r} must not be empty and not hold a colon: it stands before one in the digest.")
