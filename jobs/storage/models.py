"""Models as versions that never change, and the log that says which one is at work."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs.errors import BadRequest, NotApproved, ObjectMissing, RetiredModel, TamperedModel, UnknownModel
from jobs.storage.model_log import (
    APPROVED,
    PROMOTED,
    PROPOSED,
    RETIRED,
    ROLLED_BACK,
    Entry,
    ModelLog,
    newest,
    retired,
    stack,
)
from jobs.storage.objects import Objects

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DIGEST_CHARS = 16


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
        self._log = ModelLog(objects, clock)

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
        return self._log.kinds()

    def versions(self, kind: str) -> list[str]:
        """Return all versions of a kind, oldest day first."""
        prefix = f"models/{_check_name(kind)}/versions/"
        keys = (info.key for info in self._objects.list(prefix))
        return [key.split("/")[-2] for key in keys if key.endswith("/card.json")]

    def champion(self, kind: str) -> str:
        """Return the version that is at work; the whole log is verified for it.

        Raises
        ------
        UnknownModel
            If none was ever promoted.
        TamperedModel
            If the log is not whole, or names a card that has changed since.
        """
        entries = self.history(kind)
        if not entries:
            raise UnknownModel(f"model {kind} has no champion: train one and promote it.")
        entry = next(e for e in reversed(entries) if e["event"] in {PROMOTED, ROLLED_BACK})
        version: str = entry["version"]
        if self._card_sha256(kind, version) != entry["card_sha256"]:
            raise TamperedModel(
                f"models/{kind}/champions/{entry['number']:06d}.json: its card is not that of {version}: "
                f"restore the entry, or promote again."
            )
        return version

    def load_for_work(self, kind: str, version: str) -> Model:
        """Return a version that is to score: like :meth:`load`, and not a retired one.

        Raises
        ------
        UnknownModel
            If there is no such version.
        RetiredModel
            If it was retired.
        TamperedModel
            If the card, a file or the log is not what was written.
        """
        _refuse_retired(kind, version, self.history(kind))
        return self.load(kind, version)

    def propose(self, kind: str, version: str, who: str, why: str) -> None:
        """Note who offers a version for the place of the champion; a proposal that stands is not made twice.

        Raises
        ------
        UnknownModel
            If there is no such version, or no champion yet: the first is promoted, not proposed.
        """
        self.champion(kind)
        card = self._card_sha256(kind, version)
        if newest(self.history(kind), version, PROPOSED) is None:
            self._log.append(kind, lambda _: _entry(PROPOSED, version, card, who, why))

    def approve(self, kind: str, version: str, who: str, why: str) -> None:
        """Note that somebody other than its proposer approves a version.

        Raises
        ------
        UnknownModel
            If there is no such version.
        NotApproved
            If who approves is who proposed it, or who owns it by its card.
        RetiredModel
            If it was retired.
        TamperedModel
            If the model or the log is not what was written.
        """
        owner = str(self.load(kind, version).card.get("owner", ""))
        card = self._card_sha256(kind, version)

        def decide(entries: Sequence[Entry]) -> Entry:
            _refuse_retired(kind, version, entries)
            proposed = newest(entries, version, PROPOSED)
            for role, name in (("proposed", proposed["who"] if proposed else ""), ("owns", owner)):
                if name and _same_person(name, who):
                    raise NotApproved(
                        f"model {kind} {version} is not approved: {who} {role} it: let somebody else approve it."
                    )
            return _entry(APPROVED, version, card, who, why)

        self.champion(kind)
        self._log.append(kind, decide)

    def promote(
        self, kind: str, version: str, who: str, why: str, *, needs_approval: bool = False, **kept: object
    ) -> None:
        """Put a version to work, by one more entry of the log.

        Parameters
        ----------
        kind, version : str
            Which model.
        who, why : str
            Who decides, and for what reason.
        needs_approval : bool
            Whether somebody must have approved it.
        **kept
            What else the entry says, such as the gates it did not pass.

        Raises
        ------
        UnknownModel
            If there is no such version.
        NotApproved
            If an approval is needed and there is none.
        RetiredModel
            If it was retired.
        TamperedModel
            If the model or the log is not what was written.
        """
        self.load(kind, version)
        card = self._card_sha256(kind, version)

        def decide(entries: Sequence[Entry]) -> Entry:
            _refuse_retired(kind, version, entries)
            if needs_approval and newest(entries, version, APPROVED) is None:
                raise NotApproved(
                    f"model {kind} {version} is not promoted: nobody has approved it: let somebody other than its "
                    f"proposer run netlift model approve {kind} {version} --who NAME --why REASON."
                )
            return {**_entry(PROMOTED, version, card, who, why), **kept}

        self._log.append(kind, decide)

    def roll_back(self, kind: str, who: str, why: str) -> str:
        """Put the champion before this one back to work, by one entry; retired ones are passed over.

        Returns
        -------
        str
            The version that is at work now.

        Raises
        ------
        UnknownModel
            If no champion was before this one.
        TamperedModel
            If that model or the log is not what was written.
        """
        self.champion(kind)

        def decide(entries: Sequence[Entry]) -> Entry:
            out = retired(entries)
            before = [version for version in stack(entries)[:-1] if version not in out]
            if not before:
                raise UnknownModel(f"model {kind} has no champion before this one to go back to: promote another.")
            self.load(kind, before[-1])
            return _entry(ROLLED_BACK, before[-1], self._card_sha256(kind, before[-1]), who, why)

        version: str = self._log.append(kind, decide)["version"]
        return version

    def retire(self, kind: str, version: str, who: str, why: str) -> None:
        """Forbid a version for good: nothing scores with it and nobody promotes it any more.

        Raises
        ------
        UnknownModel
            If there is no such version.
        BadRequest
            If it is at work.
        RetiredModel
            If it was retired before.
        """
        card = self._card_sha256(kind, version)

        def decide(entries: Sequence[Entry]) -> Entry:
            if stack(entries)[-1:] == [version]:
                raise BadRequest(
                    f"model {kind} {version} is at work: promote another or roll back first, then retire it."
                )
            _refuse_retired(kind, version, entries)
            return _entry(RETIRED, version, card, who, why)

        self.champion(kind)
        self._log.append(kind, decide)

    def history(self, kind: str) -> list[Entry]:
        """Return all entries of a kind's log, oldest first, verified; see `jobs.storage.model_log`.

        Raises
        ------
        TamperedModel
            If an entry is missing, was changed, or is not the one that its successor was written after.
        """
        return self._log.entries(_check_name(kind))

    def _card_sha256(self, kind: str, version: str) -> str:
        return _sha256(self._card(kind, version)[1])

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


def _entry(event: str, version: str, card_sha256: str, who: str, why: str) -> Entry:
    for name, said in (("who", who), ("why", why)):
        if not said.strip():
            raise BadRequest(f"{name!r} is empty: the log of models keeps who decided and why: give it.")
    return {"event": event, "version": version, "card_sha256": card_sha256, "who": who.strip(), "why": why.strip()}


def _same_person(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _refuse_retired(kind: str, version: str, entries: Sequence[Entry]) -> None:
    entry = retired(entries).get(version)
    if entry is not None:
        raise RetiredModel(
            f"model {kind} {version} was retired on {entry['at'][:10]} by {entry['who']} ({entry['why']}): use another."
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
