"""Models as versions that never change, and the log that says which one is at work."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs.errors import BadRequest, ObjectMissing, TamperedModel, UnknownModel
from jobs.storage.objects import Objects

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DIGEST_CHARS = 16
_ENTRY = {"number", "version", "card_sha256", "who", "why", "at", "previous_sha256"}


@dataclass(frozen=True)
class Model:
    """One version of a model, every byte of it verified.

    Parameters
    ----------
    kind : str
        What the model is for: "fraud", "uplift-<campaign>".
    version : str
        Date of registration and digest of the card.
    files : dict of str to bytes
        Contents by name; nothing among them is ever unpickled.
    card : dict
        What its maker wrote down about it.
    """

    kind: str
    version: str
    files: dict[str, bytes]
    card: dict[str, Any]


class ModelStore:
    """Models among the objects: ``models/<kind>/<version>/`` and a log of champions beside them.

    Parameters
    ----------
    objects : Objects
        Where they lie.
    clock : callable
        Returns the moment, in UTC.
    """

    def __init__(self, objects: Objects, clock: Callable[[], datetime]) -> None:
        self._objects = objects
        self._clock = clock

    def register(self, kind: str, files: Mapping[str, bytes], card: dict[str, Any]) -> str:
        """Keep a model for good; a model that is kept already is not kept twice.

        Parameters
        ----------
        kind : str
            What the model is for.
        files : mapping of str to bytes
            Contents by name.
        card : dict
            Values that JSON can hold, without NaN.

        Returns
        -------
        str
            Version: date and digest of the card, in which the digests of all files stand.

        Raises
        ------
        BadRequest
            If a name is not allowed, there is no file, or the card holds what JSON cannot.
        """
        for name in (kind, *files):
            _check_name(name)
        if not files or "card.json" in files:
            raise BadRequest(f"model {kind}: files are {sorted(files)}, must be one or more and none called card.json.")
        digests = {name: _sha256(files[name]) for name in sorted(files)}
        body = _to_json({"kind": kind, "files": digests, "card": card})
        digest = _sha256(body)[:_DIGEST_CHARS]
        for version in self.versions(kind):
            if version.endswith(f"-{digest}"):
                return version
        version = f"{self._clock().date()}-{digest}"
        for name, contents in files.items():
            self._put(kind, version, name, contents)
        # The card goes last: a version without a card does not exist, so nobody sees half a model.
        self._put(kind, version, "card.json", body)
        return version

    def load(self, kind: str, version: str) -> Model:
        """Return a version after verifying every byte of it.

        Raises
        ------
        UnknownModel
            If there is no such version.
        TamperedModel
            If the card or a file is not what was registered; names the file.
        """
        envelope, _ = self._card(kind, version)
        return Model(kind, version, self._verified(kind, version, envelope["files"]), envelope["card"])

    def kinds(self) -> list[str]:
        """Return the kinds that have a champion, in order."""
        keys = (info.key.split("/") for info in self._objects.list("models/"))
        return sorted({parts[1] for parts in keys if parts[2] == "champions"})

    def versions(self, kind: str) -> list[str]:
        """Return all versions of a kind, oldest day first."""
        prefix = f"models/{_check_name(kind)}/versions/"
        keys = (info.key for info in self._objects.list(prefix))
        return [key.split("/")[-2] for key in keys if key.endswith("/card.json")]

    def champion(self, kind: str) -> str:
        """Return the version that is at work.

        Raises
        ------
        UnknownModel
            If none was ever promoted.
        TamperedModel
            If the entry names a card that has changed since.
        """
        entries = self._objects.list(f"models/{_check_name(kind)}/champions/")
        if not entries:
            raise UnknownModel(f"model {kind} has no champion: train one and promote it.")
        entry = self._entry(entries[-1].key, self._objects.get(entries[-1].key))
        version: str = entry["version"]
        _, body = self._card(kind, version)
        if _sha256(body) != entry["card_sha256"]:
            raise TamperedModel(
                f"{entries[-1].key}: its card is not that of {version}: restore the entry, or promote again."
            )
        return version

    def promote(self, kind: str, version: str, who: str, why: str) -> None:
        """Put a version to work, by one more entry of the log; going back is an entry too.

        Parameters
        ----------
        kind, version : str
            Which model.
        who, why : str
            Who decides, and for what reason.

        Raises
        ------
        UnknownModel
            If there is no such version.
        TamperedModel
            If the model is not what was registered.
        """
        self.load(kind, version)
        _, card = self._card(kind, version)
        while True:
            entries = self._objects.list(f"models/{kind}/champions/")
            number = int(entries[-1].key[-11:-5]) + 1 if entries else 1
            entry = {
                "number": number,
                "version": version,
                "card_sha256": _sha256(card),
                "who": who,
                "why": why,
                "at": self._clock().isoformat(),
                "previous_sha256": _sha256(self._objects.get(entries[-1].key)) if entries else "",
            }
            if self._objects.put_if_absent(f"models/{kind}/champions/{number:06d}.json", _to_json(entry)):
                return

    def history(self, kind: str) -> list[dict[str, Any]]:
        """Return all promotions of a kind, oldest first.

        Raises
        ------
        TamperedModel
            If an entry is missing or is not the one that its successor was written after.
        """
        out: list[dict[str, Any]] = []
        before = ""
        for info in self._objects.list(f"models/{_check_name(kind)}/champions/"):
            body = self._objects.get(info.key)
            entry = self._entry(info.key, body)
            if entry["previous_sha256"] != before or entry["number"] != len(out) + 1:
                raise TamperedModel(
                    f"{info.key}: the entry before it was changed or removed: restore the log from a copy."
                )
            before = _sha256(body)
            out.append(entry)
        return out

    def _entry(self, key: str, body: bytes) -> dict[str, Any]:
        try:
            entry = json.loads(body)
        except ValueError:
            entry = None
        if isinstance(entry, dict) and entry.keys() >= _ENTRY:
            return entry
        raise TamperedModel(f"{self._objects.uri}/{key} is no entry of the log of champions: restore it from a copy.")

    def _card(self, kind: str, version: str) -> tuple[dict[str, Any], bytes]:
        key = f"models/{_check_name(kind)}/versions/{_check_name(version)}/card.json"
        try:
            body = self._objects.get(key)
        except ObjectMissing:
            known = ", ".join(self.versions(kind)) or "none"
            raise UnknownModel(
                f"model {kind} has no version {version!r} (known: {known}): correct it or train one."
            ) from None
        if _sha256(body)[:_DIGEST_CHARS] != version.rpartition("-")[2]:
            raise TamperedModel(
                f"{self._objects.uri}/{key}: its digest is not the version's: restore it or train again."
            )
        envelope: dict[str, Any] = json.loads(body)
        return envelope, body

    def _verified(self, kind: str, version: str, digests: Mapping[str, str]) -> dict[str, bytes]:
        out = {}
        for name, digest in digests.items():
            key = f"models/{kind}/versions/{version}/{name}"
            try:
                out[name] = self._objects.get(key)
            except ObjectMissing:
                raise TamperedModel(
                    f"{self._objects.uri}/{key} is gone: restore it or train the model again."
                ) from None
            if _sha256(out[name]) != digest:
                raise TamperedModel(
                    f"{self._objects.uri}/{key}: its SHA-256 is not the one in the card: restore it or train again."
                )
        return out

    def _put(self, kind: str, version: str, name: str, contents: bytes) -> None:
        key = f"models/{kind}/versions/{version}/{name}"
        if not self._objects.put_if_absent(key, contents) and self._objects.get(key) != contents:
            raise TamperedModel(
                f"{self._objects.uri}/{key} stands there with other contents: remove it and register again."
            )


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadRequest(f"name {name!r} is not allowed for a model or its file: it must match {_NAME.pattern}.")
    return name


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _to_json(value: dict[str, Any]) -> bytes:
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise BadRequest(
            f"a model's card cannot be written as JSON ({error}): use text, finite numbers, lists, dicts."
        ) from error
