"""A run's plan: which files, which shards, on which models, after which runs; and the key they give.

Nothing heavy is imported here: the function that plans the night fits a small package.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from jobs.errors import NoInput, UnknownCampaign
from jobs.runtime.chain import Read, Step, step
from jobs.runtime.home import Home
from jobs.runtime.layout import campaign_ids, campaign_key, input_prefix, manifest_key
from jobs.storage.ledger import RunKey

_DATED = re.compile(r"(?:^|/)date=(\d{4}-\d{2}-\d{2})/")


@dataclass(frozen=True)
class PlannedFile:
    """An input file as it was when the run was planned.

    Parameters
    ----------
    key : str
        Key among the objects.
    size : int
        Bytes.
    version : str
        What tells that the contents changed (an ETag, a digest).
    """

    key: str
    size: int
    version: str


@dataclass(frozen=True)
class Manifest:
    """Everything that decides what a run writes.

    Parameters
    ----------
    verb, kind : str
        Which job, for which campaign or kind.
    first_date, run_date : datetime.date
        Days whose rows the run replaces.
    request : dict
        Values of the request that are not its defaults.
    files : dict of str to tuple of PlannedFile
        Input files by table.
    shard_by : str or None
        Input table whose files are one shard each.
    models : dict of str to str
        Version of each model kind that is used.
    campaigns : dict of str to str
        SHA-256 of each campaign file that is used.
    upstream : tuple of str
        Ids of the runs it builds upon.
    """

    verb: str
    kind: str
    first_date: date
    run_date: date
    request: dict[str, Any]
    files: dict[str, tuple[PlannedFile, ...]]
    shard_by: str | None
    models: dict[str, str]
    campaigns: dict[str, str]
    upstream: tuple[str, ...]

    @property
    def shards(self) -> int:
        """How many shards the run is cut into."""
        return len(self.files[self.shard_by]) if self.shard_by else 1

    def shard_files(self, table: str, shard: int) -> tuple[PlannedFile, ...]:
        """Files of `table` that shard number `shard` reads: one of the sharded table, all of another."""
        files = self.files.get(table, ())
        return files[shard : shard + 1] if table == self.shard_by else files

    @property
    def key(self) -> RunKey:
        """Key of the run: equal plans are one run."""
        return RunKey(self.verb, self.kind, self.run_date, hashlib.sha256(self.to_json()).hexdigest())

    def to_json(self) -> bytes:
        """Return the plan as canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, default=str, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, body: bytes) -> "Manifest":
        """Read a plan back."""
        d = json.loads(body)
        return cls(
            **{
                **d,
                "first_date": date.fromisoformat(d["first_date"]),
                "run_date": date.fromisoformat(d["run_date"]),
                "files": {t: tuple(PlannedFile(**f) for f in files) for t, files in d["files"].items()},
                "upstream": tuple(d["upstream"]),
            }
        )


def plan(of: Step, home: Home, run_date: date, kind: str, first_date: date, request: Mapping[str, Any]) -> Manifest:
    """Plan a run and keep the plan among the objects.

    Parameters
    ----------
    of : Step
        The verb.
    home : Home
        Where inputs, campaigns, models and the ledger are.
    run_date, first_date : datetime.date
        Last and first day whose rows the run replaces.
    kind : str
        Campaign id for a verb that runs for each campaign, else the step's kind.
    request : mapping
        Values of the request that are not its defaults.

    Raises
    ------
    NoInput
        If an input table has no file for these days, or no run that it builds upon has finished.
    UnknownCampaign
        If the campaign has no file.
    UnknownModel
        If a model that is needed has no champion.
    """
    # In this order a campaign without a file is named before the model that it cannot have.
    campaigns = {c: _digest(home, c) for c in _campaigns(of, home, kind)}
    upstream = _upstream(of, home, first_date, run_date)
    manifest = Manifest(
        verb=of.verb,
        kind=kind,
        first_date=first_date,
        run_date=run_date,
        request=dict(request),
        files={read.table: _files(home, read, kind, first_date, run_date) for read in of.reads},
        shard_by=of.shard_by,
        models={model: home.models.champion(model) for model in _model_kinds(of, home, kind)},
        campaigns=campaigns,
        upstream=upstream,
    )
    home.objects.put_if_absent(manifest_key(manifest.key.run_id), manifest.to_json())
    return manifest


def read_manifest(home: Home, run_id: str) -> Manifest:
    """Read the plan of the run called `run_id`."""
    return Manifest.from_json(home.objects.get(manifest_key(run_id)))


def kinds(of: Step, home: Home) -> tuple[str, ...]:
    """Kinds that a verb runs for: its own, or every campaign's id."""
    return campaign_ids(home.objects) if of.kind is None else (of.kind,)


def _files(home: Home, read: Read, kind: str, first_date: date, run_date: date) -> tuple[PlannedFile, ...]:
    prefix = input_prefix(read.table) + (f"{kind}/" if read.by_campaign else "")
    found = [o for o in home.objects.list(prefix) if o.key.endswith(".parquet")]
    dated = [(_date_of(o.key), PlannedFile(o.key, o.size, o.version)) for o in found]
    oldest = date.min if read.days_back is None else first_date - timedelta(days=read.days_back)
    if read.newest:
        oldest = max((day for day, _ in dated if day and day <= run_date), default=date.min)
    chosen = tuple(file for day, file in dated if day is None or oldest <= day <= run_date)
    if not chosen:
        raise NoInput(
            f"{home.objects.uri}/{prefix} has no Parquet file for {run_date}: put the {read.table} there, "
            f"or ask for another date."
        )
    return chosen


def _date_of(key: str) -> date | None:
    match = _DATED.search(key)
    return date.fromisoformat(match[1]) if match else None


def _campaigns(of: Step, home: Home, kind: str) -> Sequence[str]:
    if of.per_campaign:
        return (kind,)
    return campaign_ids(home.objects) if of.campaigns else ()


def _model_kinds(of: Step, home: Home, kind: str) -> list[str]:
    if of.models == ("every",):
        return list(home.models.kinds())
    return [f"uplift-{kind}" if model == "campaign" else model for model in of.models]


def _digest(home: Home, campaign_id: str) -> str:
    known = campaign_ids(home.objects)
    if campaign_id not in known:
        raise UnknownCampaign(
            f"campaign {campaign_id!r} has no file {home.objects.uri}/{campaign_key(campaign_id)} "
            f"(known: {', '.join(known) or 'none'}): write it or correct the name."
        )
    return hashlib.sha256(home.objects.get(campaign_key(campaign_id))).hexdigest()


def _upstream(of: Step, home: Home, first_date: date, run_date: date) -> tuple[str, ...]:
    found = []
    for after in of.after:
        upstream = step(after.verb)
        first = first_date - timedelta(days=after.days_back)
        for kind in kinds(upstream, home):
            found.extend(home.ledger.finished(after.verb, kind, first, run_date))
    if of.after and not found:
        raise NoInput(
            f"{of.verb} builds on {' and '.join(a.verb for a in of.after)}, "
            f"and none has finished for {run_date}: run it first."
        )
    return tuple(found)
