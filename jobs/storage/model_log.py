"""The log of a kind of models: who proposed, approved, promoted, took back and retired what, when and why."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from jobs.errors import TamperedModel
from jobs.storage.objects import Objects

PROPOSED, APPROVED, PROMOTED, ROLLED_BACK, RETIRED = "proposed", "approved", "promoted", "rolled back", "retired"
EVENTS = (PROPOSED, APPROVED, PROMOTED, ROLLED_BACK, RETIRED)

_NEEDED = {"number", "version", "card_sha256", "who", "why", "at", "previous_sha256"}

Entry = dict[str, Any]


class ModelLog:
    """Entries ``models/<kind>/champions/000001.json`` and on, each with the digest of the one before it.

    Parameters
    ----------
    objects : Objects
        Where it lies.
    clock : callable
        Returns the moment, in UTC.
    """

    def __init__(self, objects: Objects, clock: Callable[[], datetime]) -> None:
        self._objects = objects
        self._clock = clock
        # An entry never changes: it is read again only where the listing shows another version of it.
        self._read: dict[str, tuple[str, bytes]] = {}

    def kinds(self) -> list[str]:
        """Return the kinds that have a log, in order."""
        keys = (info.key.split("/") for info in self._objects.list("models/"))
        return sorted({parts[1] for parts in keys if parts[2] == "champions"})

    def entries(self, kind: str) -> list[Entry]:
        """Return all entries of a kind, oldest first, every one of them verified.

        Raises
        ------
        TamperedModel
            If an entry is missing, is none, was changed, or is not the one that its successor was written after.
        """
        return self._verified(kind)[0]

    def append(self, kind: str, decide: Callable[[Sequence[Entry]], Mapping[str, Any]]) -> Entry:
        """Write one more entry.

        Parameters
        ----------
        kind : str
            Of the models.
        decide : callable
            Gets the entries there are and returns event, version, card_sha256, who, why and what else is to be
            kept, or raises; asked again when somebody else was quicker.

        Returns
        -------
        dict
            The entry as written.

        Raises
        ------
        TamperedModel
            If the log is not whole.
        """
        while True:
            entries, before = self._verified(kind)
            entry = {
                **decide(entries),
                "number": len(entries) + 1,
                "at": self._clock().isoformat(),
                "previous_sha256": before,
            }
            entry["sha256"] = _own(entry)
            if self._objects.put_if_absent(f"models/{kind}/champions/{entry['number']:06d}.json", _body(entry)):
                return entry

    def _verified(self, kind: str) -> tuple[list[Entry], str]:
        out: list[Entry] = []
        before = ""
        for info in self._objects.list(f"models/{kind}/champions/"):
            seen = self._read.get(info.key)
            if seen is None or seen[0] != info.version:
                seen = self._read[info.key] = (info.version, self._objects.get(info.key))
            entry = self._entry(info.key, seen[1])
            if entry["previous_sha256"] != before or entry["number"] != len(out) + 1:
                raise TamperedModel(
                    f"{info.key}: the entry before it was changed or removed: restore the log from a copy."
                )
            before = hashlib.sha256(seen[1]).hexdigest()
            out.append(entry)
        return out, before

    def _entry(self, key: str, body: bytes) -> Entry:
        try:
            entry = json.loads(body)
        except ValueError:
            entry = None
        if not isinstance(entry, dict) or not entry.keys() >= _NEEDED:
            raise TamperedModel(
                f"{self._objects.uri}/{key} is no entry of the log of champions: restore it from a copy."
            )
        # Entries of before the other events were promotions, and had no digest of their own.
        entry = {"event": PROMOTED, **entry}
        if entry["event"] not in EVENTS or ("sha256" in entry and entry["sha256"] != _own(entry)):
            raise TamperedModel(f"{self._objects.uri}/{key} was changed after it was written: restore it from a copy.")
        return entry


def stack(entries: Sequence[Entry]) -> list[str]:
    """Return the versions that were put to work and not taken back, the champion last.

    Examples
    --------
    >>> stack([{"event": "promoted", "version": "a"}, {"event": "promoted", "version": "b"}])
    ['a', 'b']
    >>> stack([{"event": "promoted", "version": v} for v in "abc"] + [{"event": "rolled back", "version": "a"}])
    ['a']
    """
    out: list[str] = []
    for entry in entries:
        version = entry["version"]
        if entry["event"] == PROMOTED and out[-1:] != [version]:
            out.append(version)
        elif entry["event"] == ROLLED_BACK:
            while out and out[-1] != version:
                out.pop()
    return out


def retired(entries: Sequence[Entry]) -> dict[str, Entry]:
    """Return the entries that retired a version, by version."""
    return {entry["version"]: entry for entry in entries if entry["event"] == RETIRED}


def newest(entries: Sequence[Entry], version: str, event: str) -> Entry | None:
    """Return the newest entry of an event about a version, if there is one."""
    return next((e for e in reversed(entries) if (e["version"], e["event"]) == (version, event)), None)


def _own(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(_body({name: value for name, value in entry.items() if name != "sha256"})).hexdigest()


def _body(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, sort_keys=True, allow_nan=False, separators=(",", ":")).encode()
