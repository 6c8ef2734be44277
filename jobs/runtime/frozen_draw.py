"""How a started experiment draws, as it was frozen: light enough for the endpoint, which loads no Arrow."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from jobs.errors import BadExperiment, UnknownExperiment
from jobs.runtime.layout import experiment_key, frozen_key, frozen_prefix
from jobs.science.experiment.assignment import Assignment, Holdout, Slot
from jobs.storage.objects import Objects


@dataclass(frozen=True)
class Draw:
    """How an experiment draws from a day on.

    Parameters
    ----------
    rule : Assignment
        The rule.
    unit : str
        Column of customers that is drawn.
    stratum : str or None
        Column by whose values shares differ.
    starts_on, ends_on : datetime.date
        First and last day whose units are drawn.
    holds_from : datetime.date
        Day from which this holds.
    entry : int
        Number of the frozen entry, 1 is that of the start.
    """

    rule: Assignment
    unit: str
    stratum: str | None
    starts_on: date
    ends_on: date
    holds_from: date
    entry: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold; arms keep their order."""
        rule = self.rule
        return {
            "salt": rule.salt,
            "shares": [[arm, share] for arm, share in rule.shares.items()],
            "exposure": rule.exposure,
            "slot": None if rule.slot is None else [rule.slot.layer, rule.slot.start, rule.slot.end],
            "holdouts": [[h.salt, h.share] for h in rule.holdouts],
            "strata": {value: list(shares.values()) for value, shares in rule.strata.items()},
            "version": rule.version,
            "unit": self.unit,
            "stratum": self.stratum,
            "starts_on": str(self.starts_on),
            "ends_on": str(self.ends_on),
            "holds_from": str(self.holds_from),
            "entry": self.entry,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Draw":
        """Read a draw back."""
        shares = {arm: float(share) for arm, share in values["shares"]}
        rule = Assignment(
            salt=values["salt"],
            shares=shares,
            exposure=float(values["exposure"]),
            slot=None if values["slot"] is None else Slot(*values["slot"]),
            holdouts=tuple(Holdout(salt, float(share)) for salt, share in values["holdouts"]),
            strata={value: dict(zip(shares, own, strict=True)) for value, own in values["strata"].items()},
            version=values["version"],
        )
        starts_on, ends_on, holds_from = (date.fromisoformat(values[n]) for n in ("starts_on", "ends_on", "holds_from"))
        return cls(rule, values["unit"], values["stratum"], starts_on, ends_on, holds_from, values["entry"])


def frozen_bodies(objects: Objects, experiment_id: str) -> list[dict[str, Any]]:
    """Return what was frozen of an experiment, entry by entry; nothing of one that has not started.

    Raises
    ------
    BadExperiment
        If an entry is missing or cannot be read.
    """
    keys = [found.key for found in objects.list(frozen_prefix(experiment_id))]
    wanted = [frozen_key(experiment_id, n + 1) for n in range(len(keys))]
    if keys != wanted:
        lost = next((key for key in wanted if key not in keys), wanted[-1])
        raise BadExperiment(f"{lost} is missing among {len(keys)} entries of {experiment_id!r}: bring it back.")
    bodies = []
    for key in keys:
        try:
            body = json.loads(objects.get(key))
            Draw.from_dict(body["draw"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadExperiment(f"{key} is not what was frozen ({error!r}): bring it back.") from error
        bodies.append(body)
    return bodies


def draw_of(objects: Objects, experiment_id: str, day: date) -> Draw | None:
    """Return how an experiment draws on a day; None if it has not started.

    Raises
    ------
    UnknownExperiment
        If it has neither a file nor anything frozen.
    BadExperiment
        If what was frozen cannot be read.
    """
    draws = [Draw.from_dict(body["draw"]) for body in frozen_bodies(objects, experiment_id)]
    if not draws:
        key = experiment_key(experiment_id)
        if key not in {found.key for found in objects.list(key)}:
            raise UnknownExperiment(f"experiment {experiment_id!r} has no file {objects.uri}/{key}: correct the name.")
        return None
    return next((draw for draw in reversed(draws) if draw.holds_from <= day), draws[0])
