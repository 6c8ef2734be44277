"""The only truth about runs: who holds them, what was staged, how they ended; all of it append-only."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from jobs.errors import ObjectMissing, RunBusy, RunLost
from jobs.storage.heartbeat import Heartbeat
from jobs.storage.objects import Objects
from jobs.storage.run_key import Claim, RunKey

__all__ = ["STAGED_LIFE_S", "Claim", "Ledger", "RunKey"]

STAGED_LIFE_S = 66 * 3600
"""How long a staged file may wait, in seconds: S3 Tables removes unreferenced ones after 72 hours."""

_ROOT = "ledger"
_FRESH = 0.75
"""Share of a lease: with more than that left it need not be renewed; above 2/3, what one heartbeat leaves of it."""
_READERS = 8


class Ledger:
    """Runs as logs of numbered entries, each written only if its number is free.

    Claiming, renewing, finishing and failing all contend for the next number, so a run that was taken
    over cannot be finished by its former holder, and a finished one cannot be taken over.

    Parameters
    ----------
    objects : Objects
        Where the logs lie.
    clock : callable
        Returns the moment, in UTC.
    lease_s : float
        Life of a lease in seconds, above 0; a heartbeat renews it three times as often.
    """

    def __init__(self, objects: Objects, clock: Callable[[], datetime], lease_s: float = 60) -> None:
        self._objects = objects
        self._clock = clock
        self._lease_s = lease_s
        self._seen: dict[str, tuple[int, dict[str, Any]]] = {}

    def claim(self, key: RunKey, holder: str) -> Claim:
        """Take a run: a new one, one that failed, or one whose holder died.

        Parameters
        ----------
        key : RunKey
            Which run.
        holder : str
            Who takes it, as others will read it.

        Raises
        ------
        RunBusy
            If somebody holds it, or has finished it in the meantime.
        """
        while True:
            number, last = self._tail(key)
            if last and last["event"] == "finished":
                raise RunBusy(f"run {key.run_id} has just been finished by {last['holder']}: ask again for its report.")
            if last and last["event"] == "held" and self._clock() < datetime.fromisoformat(last["until"]):
                raise RunBusy(
                    f"run {key.run_id} is held by {last['holder']} until {last['until']}: "
                    "wait for it to end, or try again after that moment."
                )
            attempt = last["attempt"] + 1 if last else 1
            started = self._clock()
            entry = {"event": "held", "attempt": attempt, "holder": holder, "started_at": started.isoformat()}
            if self._append(key, number + 1, {**entry, "until": self._until()}):
                return Claim(key, attempt)

    def renew(self, claim: Claim) -> None:
        """Make the lease last again from now; one that was renewed a moment ago is left as it is.

        Hundreds of shards may share an attempt, each with a heartbeat of its own: together they write no more
        than one would, and each asks for what was written since it last looked, which is an entry or two.

        Raises
        ------
        RunLost
            If the attempt is not the newest, or has ended.
        """
        while True:
            number, last = self._held(claim)
            left = datetime.fromisoformat(last["until"]) - self._clock()
            # Who loses the race for the next entry looks again: the winner has most likely renewed it for all.
            if left.total_seconds() > _FRESH * self._lease_s:
                return
            if self._append(claim.key, number + 1, {**last, "event": "held", "until": self._until()}):
                return

    def require_newest(self, claim: Claim) -> None:
        """Do nothing if the attempt may commit.

        Raises
        ------
        RunLost
            If it is not the newest, or has ended.
        """
        self._held(claim)

    def claimed_at(self, claim: Claim) -> datetime:
        """Return the moment the attempt was claimed.

        Raises
        ------
        RunLost
            If it is not the newest, or has ended.
        """
        return datetime.fromisoformat(self._held(claim)[1]["started_at"])

    @contextmanager
    def heartbeat(self, claim: Claim) -> Iterator[Heartbeat]:
        """Renew the lease from a thread for as long as the block lasts."""
        heart = Heartbeat(lambda: self.renew(claim), self._lease_s / 3, claim.key.run_id)
        heart.start()
        try:
            yield heart
        finally:
            heart.stop()

    def record_staged(self, claim: Claim, shard: int, record: dict[str, Any]) -> bool:
        """Remember what a shard staged, so that a later attempt need not work it again.

        Parameters
        ----------
        claim : Claim
            Attempt that staged it.
        shard : int
            Number of the shard, 0 is the first.
        record : dict
            Values that JSON can hold.

        Returns
        -------
        bool
            False if this attempt had recorded the shard before: the first record stands.
        """
        body = {"at": self._clock().isoformat(), "record": record}
        return self._objects.put_if_absent(
            f"{_folder(claim.key)}staged/{shard:06d}/{claim.attempt:06d}.json", _to_json(body)
        )

    def staged(self, key: RunKey) -> dict[int, dict[str, Any]]:
        """Return what was staged by shard: of several attempts the newest, and nothing that is too old to use."""
        return self._staged(f"{_folder(key)}staged/")

    def staged_shard(self, key: RunKey, shard: int) -> dict[str, Any] | None:
        """Return what :meth:`staged` holds for one shard, in two requests however many there are."""
        return self._staged(f"{_folder(key)}staged/{shard:06d}/").get(shard)

    def finish(self, claim: Claim, report: dict[str, Any]) -> None:
        """End the run with its report.

        Raises
        ------
        RunLost
            If the attempt is not the newest, or has ended.
        """
        self._end(claim, {"event": "finished", "ended_at": self._clock().isoformat(), "report": report})

    def fail(self, claim: Claim, error: dict[str, Any]) -> bool:
        """End the attempt with its error and free the run.

        Returns
        -------
        bool
            False if the attempt was not the newest any more: then nobody needs to know.
        """
        try:
            self._end(claim, {"event": "failed", "ended_at": self._clock().isoformat(), "error": error})
        except RunLost:
            return False
        return True

    def report(self, key: RunKey) -> dict[str, Any] | None:
        """Return the report of a finished run, None of any other."""
        _, last = self._tail(key)
        return dict(last["report"]) if last and last["event"] == "finished" else None

    def runs(self, run_date: date | None = None) -> list[dict[str, Any]]:
        """Return the state of all runs, or of those of one day, in order of day and start.

        Returns
        -------
        list of dict
            ``run_id, job, kind, run_date, state`` (running, finished, failed or dead), ``attempt, holder,
            started_at``, and ``until``, ``report`` or ``error``.
        """
        return self._runs([f"{run_date}/" if run_date else ""])

    def finished(self, job: str, kind: str, first_date: date, last_date: date) -> list[str]:
        """Return, for each day of a span that has one, the id of the run of a job that finished last."""
        newest: dict[str, tuple[str, str]] = {}
        days = [first_date + timedelta(days=d) for d in range((last_date - first_date).days + 1)]
        for run in self._runs([f"{day}/{job}-{kind}-{day}-" for day in days]):
            if (run["job"], run["kind"], run["state"]) == (job, kind, "finished"):
                end = (run["ended_at"], run["run_id"])
                newest[run["run_date"]] = max(end, newest.get(run["run_date"], end))
        return [run_id for _, (_, run_id) in sorted(newest.items())]

    def _staged(self, prefix: str) -> dict[int, dict[str, Any]]:
        newest: dict[int, str] = {}
        for info in self._objects.list(prefix):
            newest[int(info.key.split("/")[-2])] = info.key
        oldest = self._clock() - timedelta(seconds=STAGED_LIFE_S)
        with ThreadPoolExecutor(_READERS) as readers:
            bodies = dict(zip(newest, readers.map(self._read, newest.values()), strict=True))
        return {s: body["record"] for s, body in bodies.items() if datetime.fromisoformat(body["at"]) >= oldest}

    def _runs(self, prefixes: Sequence[str]) -> list[dict[str, Any]]:
        tails: dict[str, str] = {}
        with ThreadPoolExecutor(_READERS) as readers:
            # A look back over a year is a listing a day: one after the other they would take seconds.
            for listed in readers.map(lambda prefix: self._objects.list(f"{_ROOT}/{prefix}"), prefixes):
                for info in listed:
                    run, _, entry = info.key.partition("/log/")
                    if entry:
                        tails[run] = info.key
            entries = list(readers.map(self._read, tails.values()))
        return sorted((self._summary(e) for e in entries), key=lambda r: (r["run_date"], r["started_at"], r["run_id"]))

    def _summary(self, entry: dict[str, Any]) -> dict[str, Any]:
        state = entry["event"]
        if state == "held":
            state = "running" if self._clock() < datetime.fromisoformat(entry["until"]) else "dead"
        return {"state": state, **{name: value for name, value in entry.items() if name != "event"}}

    def _held(self, claim: Claim) -> tuple[int, dict[str, Any]]:
        number, last = self._tail(claim.key)
        if last is None or last["attempt"] != claim.attempt or last["event"] != "held":
            now = f"attempt {last['attempt']}, {last['event']} by {last['holder']}" if last else "not claimed at all"
            raise RunLost(
                f"run {claim.key.run_id}: attempt {claim.attempt} may not go on, the run is {now}: "
                "it commits nothing from now on, leave the run to its newest attempt."
            )
        return number, last

    def _end(self, claim: Claim, change: dict[str, Any]) -> None:
        while True:
            number, last = self._held(claim)
            if self._append(claim.key, number + 1, {**last, **change}):
                return

    def _tail(self, key: RunKey) -> tuple[int, dict[str, Any] | None]:
        """Return the newest entry and its number.

        Entries are numbered without a gap and never change. So the log is listed once; after that the entries behind
        the last one that was seen are asked for by name, which costs the same however long the log has grown.
        """
        known = self._seen.get(key.run_id)
        if known is None:
            entries = self._objects.list(f"{_folder(key)}log/")
            if not entries:
                return 0, None
            known = int(entries[-1].key[-11:-5]), self._read(entries[-1].key)
        number, last = known
        while (following := self._entry(key, number + 1)) is not None:
            number, last = number + 1, following
        self._seen[key.run_id] = number, last
        return number, last

    def _entry(self, key: RunKey, number: int) -> dict[str, Any] | None:
        try:
            return self._read(f"{_folder(key)}log/{number:06d}.json")
        except ObjectMissing:
            return None

    def _append(self, key: RunKey, number: int, entry: dict[str, Any]) -> bool:
        own = {"run_id": key.run_id, "job": key.job, "kind": key.kind, "run_date": str(key.run_date)}
        entry = {**own, **entry}
        if not self._objects.put_if_absent(f"{_folder(key)}log/{number:06d}.json", _to_json(entry)):
            return False
        self._seen[key.run_id] = number, entry
        return True

    def _read(self, key: str) -> dict[str, Any]:
        entry: dict[str, Any] = json.loads(self._objects.get(key))
        return entry

    def _until(self) -> str:
        return (self._clock() + timedelta(seconds=self._lease_s)).isoformat()


def _folder(key: RunKey) -> str:
    return f"{_ROOT}/{key.run_date}/{key.run_id}/"


def _to_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
