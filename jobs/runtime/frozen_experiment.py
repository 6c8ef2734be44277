"""An experiment is frozen at its start: what its file says later must be the same, or an amendment with its reason."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from jobs.errors import BadExperiment, BadRequest
from jobs.runtime.experiment import Experiment, experiment_text, parse_experiment
from jobs.runtime.experiment_parts import Amendment
from jobs.runtime.frozen_draw import Draw, frozen_bodies
from jobs.runtime.layout import experiment_key, frozen_key
from jobs.science.experiment.assignment import ramped
from jobs.storage.objects import Objects

_FORMAT = 1
_NEVER = ("unit", "stratum", "starts_on")
"""Fields that no amendment can change: whoever is in was drawn by them."""


@dataclass(frozen=True)
class Frozen:
    """What an experiment's file said from a day on.

    Parameters
    ----------
    entry : int
        1 is that of the start, each amendment adds one.
    holds_from : datetime.date
        First day whose runs keep to it.
    by : str
        Who answers for it: the owner at the start, later who amended.
    amendments : tuple of Amendment
        What was amended after the start, this entry's last.
    digest : str
        SHA-256 of what the file says, amendments left out.
    file_sha256 : str
        SHA-256 of the file itself.
    text : str
        The file, TOML.
    """

    entry: int
    holds_from: date
    by: str
    amendments: tuple[Amendment, ...]
    digest: str
    file_sha256: str
    text: str

    @property
    def experiment(self) -> Experiment:
        """The experiment as the file said it."""
        return parse_experiment(self.text, f"entry {self.entry} of what was frozen")


def freeze(objects: Objects, experiment_id: str, day: date) -> tuple[Frozen, ...]:
    """Hold an experiment's file against what was frozen; freeze it at its start, and after an amendment.

    Parameters
    ----------
    objects : Objects
        Where files and frozen entries are.
    experiment_id : str
        Which experiment.
    day : datetime.date
        Date of the run that asks; the first on or after the start freezes. An entry never holds for days before it.

    Returns
    -------
    tuple of Frozen
        All entries, the one of the start first; none before the start.

    Raises
    ------
    UnknownExperiment
        If it has no file.
    BadExperiment
        If the file is wrong, says other things than before without an amendment, or an amendment would move units
        that are in.
    """
    text, experiment = experiment_text(objects, experiment_id)
    entries = frozen(objects, experiment_id)
    if not entries and day < experiment.starts_on:
        return ()
    while True:
        if entries and not _is_amended(entries, experiment):
            return entries
        made = _entry(entries, experiment, text, day)
        key = frozen_key(experiment_id, made.entry)
        objects.put_if_absent(key, _body(made, experiment))
        # Shards freeze side by side: whoever came first stands, and is held against this file like any other.
        entries = frozen(objects, experiment_id)


def frozen(objects: Objects, experiment_id: str) -> tuple[Frozen, ...]:
    """Return what was frozen of an experiment, entry by entry; nothing of one that has not started.

    Raises
    ------
    BadExperiment
        If an entry is missing, cannot be read, or was written by hand.
    """
    entries: list[Frozen] = []
    after_start = 0
    for body in frozen_bodies(objects, experiment_id):
        key = frozen_key(experiment_id, len(entries) + 1)
        text = body["text"]
        experiment = parse_experiment(text, key)
        if hashlib.sha256(text.encode()).hexdigest() != body["file_sha256"]:
            raise BadExperiment(f"{key} is not what was frozen: the text is not that of its digest; bring it back.")
        if not entries:
            after_start = len(experiment.amendments)
        holds_from = date.fromisoformat(body["draw"]["holds_from"])
        amended = experiment.amendments[after_start:]
        entries.append(
            Frozen(len(entries) + 1, holds_from, body["by"], amended, experiment.digest, body["file_sha256"], text)
        )
    return tuple(entries)


def in_force(entries: tuple[Frozen, ...], day: date) -> Frozen:
    """Return the entry that holds on a day; that of the start for days before it.

    Raises
    ------
    BadRequest
        If there is none.
    """
    if not entries:
        raise BadRequest("nothing is frozen: the experiment has not started.")
    return next((entry for entry in reversed(entries) if entry.holds_from <= day), entries[0])


def _is_amended(entries: tuple[Frozen, ...], now: Experiment) -> bool:
    """Return whether the file has an amendment more than the newest entry; refuse what changed without one."""
    before = entries[-1].experiment
    key = experiment_key(now.id)
    known = before.amendments
    if now.amendments[: len(known)] != known:
        raise BadExperiment(f"{key}: an amendment that was made before is changed or gone; bring it back as it was.")
    changed = differing(before.said(), now.said())
    if len(now.amendments) > len(known):
        return True
    if changed:
        name, was, is_now = changed[0]
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise BadExperiment(
            f"{key}, field {name!r}{more}: changed after the start on {entries[0].holds_from}, from {was!r} to "
            f"{is_now!r}; take it back, or add [[amendments]] with on, who and reason."
        )
    return False


def _entry(entries: tuple[Frozen, ...], now: Experiment, text: str, day: date) -> Frozen:
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    if not entries:
        return Frozen(1, now.starts_on, now.owner, (), now.digest, sha256, text)
    before = entries[-1].experiment
    _require_amendable(before, now)
    newest = now.amendments[-1]
    holds_from = max(newest.on, day, entries[-1].holds_from)
    made = now.amendments[len(entries[0].experiment.amendments) :]
    return Frozen(len(entries) + 1, holds_from, newest.who, made, now.digest, sha256, text)


def _require_amendable(before: Experiment, now: Experiment) -> None:
    key = experiment_key(now.id)
    for name in _NEVER:
        if getattr(before, name) != getattr(now, name):
            raise BadExperiment(
                f"{key}, field {name!r}: no amendment can change it from {getattr(before, name)!s} to "
                f"{getattr(now, name)!s}, since units are in by it; start another experiment."
            )
    old, new = before.assignment(), now.assignment()
    if old == new:
        return
    try:
        ramped(old, new)
    except BadRequest as refused:
        raise BadExperiment(f"{key}: {refused}") from refused


def _body(made: Frozen, experiment: Experiment) -> bytes:
    draw = Draw(
        experiment.assignment(),
        experiment.unit,
        experiment.stratum,
        experiment.starts_on,
        experiment.ends_on,
        made.holds_from,
        made.entry,
    )
    values: dict[str, Any] = {
        "format": _FORMAT,
        "experiment_id": experiment.id,
        "entry": made.entry,
        "by": made.by,
        "amendments": [amendment.model_dump(mode="json") for amendment in made.amendments],
        "digest": made.digest,
        "file_sha256": made.file_sha256,
        "draw": draw.to_dict(),
        "text": made.text,
    }
    return json.dumps(values, indent=1).encode()


def differing(before: Any, now: Any, name: str = "") -> list[tuple[str, Any, Any]]:
    """Return the fields in which plain values differ: name with its place, what it was, what it is.

    Examples
    --------
    >>> differing({"arms": [{"share": 0.5}]}, {"arms": [{"share": 0.4}]})
    [('arms.0.share', 0.5, 0.4)]
    """
    if isinstance(before, dict) and isinstance(now, dict):
        places = [(str(k), before.get(k), now.get(k)) for k in dict.fromkeys((*before, *now))]
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        places = [(str(n), b, a) for n, (b, a) in enumerate(zip(before, now, strict=True))]
    else:
        return [] if before == now else [(name, before, now)]
    return [d for place, b, a in places for d in differing(b, a, f"{name}.{place}" if name else place)]
