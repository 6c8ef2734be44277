"""Idempotency-Key: the same request under the same key is answered once, and gets the same answer again."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from functions.problem import Problem
from jobs.storage.online import EXPIRES_AT, TOKEN, OnlineRecords, Record

KEPT_S = 24 * 3600
"""Seconds that an answer is kept."""

LEASE_S = 15
"""Seconds after which a request that was never answered may be asked again; longer than the function's timeout."""

MOST_KEY_CHARACTERS = 256


@dataclass(frozen=True)
class Turn:
    """The right to answer a request, under one key."""

    key: str
    token: str
    fingerprint: str


class Answers:
    """Answers by the keys of their requests.

    Parameters
    ----------
    records : OnlineRecords
        Where they are kept.
    clock : callable
        Returns the moment, in UTC.
    """

    def __init__(self, records: OnlineRecords, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._clock = clock

    def begin(self, key: str, fingerprint: str) -> Turn | tuple[int, str]:
        """Take a request's turn, or return the answer that it got: status and body.

        Parameters
        ----------
        key : str
            The request's Idempotency-Key.
        fingerprint : str
            Differs for bodies that differ.

        Raises
        ------
        Problem
            If the key belongs to another request, or the same one is being answered now.
        StorageUnavailable
            If the answers cannot be read in time.
        """
        if not 0 < len(key) <= MOST_KEY_CHARACTERS or not key.isprintable():
            raise Problem(
                "not-allowed",
                f"Idempotency-Key has {len(key)} characters: give 1 to {MOST_KEY_CHARACTERS} printable ones.",
                (("Idempotency-Key", "is empty, too long or not printable"),),
            )
        place = f"fraud-scores/{key}"
        turn = Turn(place, uuid4().hex, fingerprint)
        known: dict[str, int | str] | None = None
        # A second look, where somebody else took or left the key between our two requests.
        for _ in range(2):
            token = None if known is None else str(known[TOKEN])
            if self._records.swap(place, self._begun(turn), token):
                return turn
            known = self._records.read([place]).get(place)
            if known is None:
                continue
            if known["fingerprint"] != fingerprint:
                raise Problem(
                    "key-reused",
                    "Idempotency-Key was sent with another body before: give each request a key of its own.",
                    (("Idempotency-Key", "belongs to another request"),),
                )
            if known["status"]:
                return int(known["status"]), str(known["body"])
            if int(known["until"]) > self._now():
                break
        raise Problem(
            "in-progress",
            "a request with this Idempotency-Key is being answered: ask again in a second.",
            (("Idempotency-Key", "is in use"),),
            {"Retry-After": "1"},
        )

    def keep(self, turn: Turn, status: int, body: str) -> None:
        """Keep the answer of a turn, unless somebody else took it over."""
        record = {**self._begun(turn), "status": status, "body": body}
        self._records.swap(turn.key, record, turn.token)

    def give_up(self, turn: Turn) -> None:
        """End a turn without an answer: the request may be asked again at once."""
        self._records.swap(turn.key, {**self._begun(turn), "until": 0}, turn.token)

    def _begun(self, turn: Turn) -> Record:
        now = self._now()
        return {
            TOKEN: turn.token,
            "fingerprint": turn.fingerprint,
            "status": 0,
            "body": json.dumps(None),
            "until": now + LEASE_S,
            EXPIRES_AT: now + KEPT_S,
        }

    def _now(self) -> int:
        return int(self._clock().timestamp())
