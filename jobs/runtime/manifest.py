"""A run's manifest: everything that decides what it writes, kept among the objects."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from jobs.runtime.home import Home
from jobs.runtime.layout import manifest_key
from jobs.storage.ledger import RunKey


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
    part_rows : int
        Rows of a part, if it is worked in parts because it reads more than one process should; else 0.
    house_rules : str
        SHA-256 of the house rules, if they are used and there are any; else "".
    earlier : tuple of str
        Ids of the runs of the days before that it looks back on.
    experiments : dict of str to str
        SHA-256 of each experiment file that is used.
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
    part_rows: int = 0
    house_rules: str = ""
    earlier: tuple[str, ...] = ()
    experiments: dict[str, str] = field(default_factory=dict)

    @property
    def fan_out(self) -> bool:
        """Whether the run is worked in parts."""
        return self.part_rows > 0

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
        # What was added to plans later is left out where it says nothing, so that older ones keep their digests.
        since = ("house_rules", "earlier", "experiments")
        values = {name: value for name, value in asdict(self).items() if value or name not in since}
        return json.dumps(values, sort_keys=True, default=str, separators=(",", ":")).encode()

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
                "earlier": tuple(d.get("earlier", ())),
            }
        )


def read_manifest(home: Home, run_id: str) -> Manifest:
    """Read the plan of the run called `run_id`."""
    return Manifest.from_json(home.objects.get(manifest_key(run_id)))
