"""Look whether everything is there that a night needs, and say of each thing that is not what to do."""

import json
import logging
import os
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial

import pyarrow as pa

from jobs.errors import BadEnvironment, CommitUnknown, NetliftError, NotDeployed, StorageUnavailable, UnknownCampaign
from jobs.runtime.campaign import read_campaign
from jobs.runtime.chain import NIGHT
from jobs.runtime.command import flag, parse
from jobs.runtime.experiment import read_experiment_file
from jobs.runtime.home import Home, open_home
from jobs.runtime.house_rules import HouseRules, read_house_rules
from jobs.runtime.layout import HOUSE_RULES_KEY, campaign_ids, campaign_key, experiment_ids
from jobs.runtime.logs import to_stderr
from jobs.runtime.place import place
from jobs.runtime.prices import prices
from jobs.runtime.schedule import check_schedule
from jobs.runtime.stores import open_stores
from jobs.storage.account import (
    caller,
    diagnosed,
    require_bucket,
    require_image,
    require_queue,
    require_table_bucket,
    schedule,
)
from jobs.storage.tables import Tables, read_whole
from jobs.tables.declare import Column, Table
from jobs.tables.outputs import QUARANTINE

log = logging.getLogger(__name__)

OK, FAILED, SKIPPED = "ok", "failed", "skipped"
_PROBE_ROWS = 3


@dataclass(frozen=True)
class Doctor:
    """Look whether everything is there that a night needs, and say what to do where it is not."""

    write: bool = flag(
        "also write an object, and create, commit, read and purge a probe table", default=False, example="--write"
    )
    json: bool = flag("print JSON", default=False, example="--json")


@dataclass(frozen=True)
class Finding:
    """What one check came to.

    Parameters
    ----------
    check : str
        What was looked at.
    state : str
        "ok", "failed", or "skipped" because an earlier check failed.
    said : str
        What was found; of a failure one sentence with what to do.
    error : str
        Class of the failure, "" without one.
    exit_code : int
        Its exit code, 0 without one.
    """

    check: str
    state: str
    said: str
    error: str = ""
    exit_code: int = 0


class _Visit:
    """Runs checks in order; one that needs another which failed is skipped."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def check(self, name: str, look: Callable[[], str], needs: Sequence[str] = ()) -> bool:
        """Run a check; return whether it went well."""
        missing = [f.check for f in self.findings if f.check in needs and f.state != OK]
        if missing:
            self.findings.append(Finding(name, SKIPPED, f"not looked at: mend {missing[0]} first."))
            return False
        try:
            self.findings.append(Finding(name, OK, look()))
        except NetliftError as error:
            self.findings.append(Finding(name, FAILED, str(error), type(error).__name__, error.exit_code))
            return False
        return True


def doctor(request: Doctor, environment: Mapping[str, str] = os.environ) -> tuple[Finding, ...]:
    """Check environment, credentials, objects, tables, campaigns, house rules, experiments, champions.

    Queue, image and schedules are looked at where they are named.

    Parameters
    ----------
    request : Doctor
        Whether to write as well.
    environment : mapping
        Names the home; AWS credentials are those of the process.

    Returns
    -------
    tuple of Finding
        One for each check, in order.
    """
    visit = _Visit()
    visit.check("environment", partial(_environment, environment))
    where, tables = environment.get("NETLIFT_HOME", ""), environment.get("NETLIFT_TABLES", "")
    queue, image = environment.get("NETLIFT_QUEUE", ""), environment.get("NETLIFT_IMAGE", "")
    stage = environment.get("NETLIFT_STAGE", "")
    base = ["environment"]
    if where.startswith("s3://") or tables.startswith("arn:") or queue or image or stage:
        visit.check("credentials", caller)
        base.append("credentials")
    if visit.check("objects", partial(_objects, environment), base):
        home = open_home(environment)
        _campaigns_and_models(visit, home)
        if request.write:
            visit.check("write objects", partial(_write_object, home))
    elif request.write:
        visit.check("write objects", str, ["objects"])
    visit.check("tables", partial(_tables, environment), base)
    if request.write:
        visit.check("write tables", partial(_write_table, environment), ["tables"])
    if queue:
        visit.check("queue", partial(_found, require_queue, queue), base)
    if image:
        visit.check("image", partial(_found, require_image, image), base)
    if stage:
        for chain in ("nightly", "weekly"):
            visit.check(f"schedule {chain}", partial(_schedule, f"netlift-{stage}-{chain}"), base)
    return tuple(visit.findings)


def _environment(environment: Mapping[str, str]) -> str:
    where, tables = environment.get("NETLIFT_HOME", ""), environment.get("NETLIFT_TABLES", "")
    if not where:
        raise BadEnvironment(
            "NETLIFT_HOME is not set: set it to s3://BUCKET/PREFIX, as the stack's output HomeUri says, or to a folder."
        )
    if where.startswith("s3://") and not tables:
        raise BadEnvironment(
            "NETLIFT_TABLES is not set: set it to the ARN of a table bucket, as the stack's output TableBucketArn says."
        )
    place(environment)
    prices(environment)
    return f"home {where}, tables {tables or 'in the same folder'}"


def _objects(environment: Mapping[str, str]) -> str:
    where = environment["NETLIFT_HOME"]
    if where.startswith("s3://"):
        require_bucket(where.removeprefix("s3://").partition("/")[0])
    home = open_home(environment)
    with diagnosed(f"objects of {where}", action="s3:ListBucket", setting="NETLIFT_HOME"):
        inputs = len(home.objects.list("inputs/"))
    return f"{home.objects.uri} holds {inputs:,} input files"


def _campaigns_and_models(visit: _Visit, home: Home) -> None:
    known: list[str] = []
    visit.check("campaigns", partial(_campaigns, home, known))
    for campaign in known:
        visit.check(f"campaign {campaign}", partial(_campaign, home, campaign))
    visit.check("house rules", partial(_house_rules, home))
    experiments: list[str] = []
    visit.check("experiments", partial(_experiments, home, experiments))
    for experiment in experiments:
        visit.check(f"experiment {experiment}", partial(_experiment, home, experiment))
    for step in NIGHT:
        for model in step.models:
            for kind in [f"uplift-{c}" for c in known] if model == "campaign" else [model]:
                visit.check(f"model {kind}", partial(_champion, home, kind))


def _campaigns(home: Home, known: list[str]) -> str:
    with diagnosed(f"campaigns of {home.objects.uri}", action="s3:ListBucket", setting="NETLIFT_HOME"):
        known += campaign_ids(home.objects)
    if not known:
        raise UnknownCampaign(f"{home.objects.uri} has no campaign file: write {campaign_key('ID')} there.")
    return ", ".join(known)


def _campaign(home: Home, campaign: str) -> str:
    with diagnosed(f"campaign {campaign}", action="s3:GetObject", setting="NETLIFT_HOME"):
        read = read_campaign(home.objects, campaign)
    return f"{len(read.arms)} arms, budget {read.budget_eur:,.2f} euro, owner {read.owner}"


def _house_rules(home: Home) -> str:
    with diagnosed(f"house rules of {home.objects.uri}", action="s3:GetObject", setting="NETLIFT_HOME"):
        rules = read_house_rules(home.objects)
    limits = [
        *([] if rules.contacts is None else [f"{rules.contacts.most} contacts in {rules.contacts.days} days"]),
        *([] if rules.holdout is None else [f"{rules.holdout.share:.1%} of customers held back"]),
        *(f"{len(found)} {what}" for what, found in _listed(rules) if found),
    ]
    return ", ".join(limits) or f"{HOUSE_RULES_KEY} limits nothing, or is not there"


def _listed(rules: HouseRules) -> list[tuple[str, Sequence[object]]]:
    return [("partner budgets", rules.partners), ("windows", rules.windows), ("drift limits", rules.drift)]


def _experiments(home: Home, known: list[str]) -> str:
    with diagnosed(f"experiments of {home.objects.uri}", action="s3:ListBucket", setting="NETLIFT_HOME"):
        known += experiment_ids(home.objects)
    return ", ".join(known) or "none"


def _experiment(home: Home, experiment_id: str) -> str:
    with diagnosed(f"experiment {experiment_id}", action="s3:GetObject", setting="NETLIFT_HOME"):
        read = read_experiment_file(home.objects, experiment_id)
    return f"{len(read.arms)} arms, {read.starts_on} to {read.ends_on}, owner {read.owner}"


def _champion(home: Home, kind: str) -> str:
    with diagnosed(f"model {kind}", action="s3:GetObject", setting="NETLIFT_HOME"):
        return f"champion {home.models.champion(kind)}"


def _tables(environment: Mapping[str, str]) -> str:
    where = environment.get("NETLIFT_TABLES", "")
    if where.startswith("arn:"):
        require_table_bucket(where)
    with diagnosed(f"tables of {where or 'the home'}", action="s3tables:GetTableData", setting="NETLIFT_TABLES"):
        rows = open_stores(environment).tables.count(QUARANTINE)
    return f"{where or 'the folder'} answers; {rows:,} rows are set aside in {QUARANTINE.name}"


def _found(look: Callable[[str], None], name: str) -> str:
    look(name)
    return name


def _schedule(name: str) -> str:
    found = schedule(name)
    check_schedule(found["ScheduleExpression"], found.get("ScheduleExpressionTimezone", "UTC"))
    zone = found.get("ScheduleExpressionTimezone", "UTC")
    if found.get("State", "ENABLED") != "ENABLED":
        raise NotDeployed(f"schedule {name} is {found['State']}: deploy with ScheduleState=ENABLED to have it start.")
    return f"{found['ScheduleExpression']} in {zone}"


def _write_object(home: Home) -> str:
    # One object a day: nothing of ours is ever deleted, and a second visit finds the first one's.
    key, body = f"doctor/{home.clock().date()}.json", json.dumps({"probe": True}).encode()
    with diagnosed(f"writing {home.objects.uri}/{key}", action="s3:PutObject", setting="NETLIFT_HOME"):
        home.objects.put_if_absent(key, body)
    with diagnosed(f"reading {home.objects.uri}/{key}", action="s3:GetObject", setting="NETLIFT_HOME"):
        if home.objects.get(key) != body:
            raise StorageUnavailable(f"{home.objects.uri}/{key} does not hold what was written: look who else writes.")
    return f"{home.objects.uri}/{key} was written and read"


def _write_table(environment: Mapping[str, str]) -> str:
    stores = open_stores(environment)
    probe = _probe_table(f"doctor_probe_{uuid.uuid4().hex[:8]}")
    action = "s3tables:CreateTable, PutTableData, UpdateTableMetadataLocation or DeleteTable"
    with diagnosed(f"probe table {probe.name}", action=action, setting="NETLIFT_TABLES"):
        try:
            _commit_and_read(stores.tables, probe, stores.clock().date())
        except NetliftError:
            _purge_quietly(stores.tables, probe)
            raise
        stores.tables.purge(probe)
    return f"{probe.name} was created, committed, read and purged"


def _probe_table(name: str) -> Table:
    columns = (
        Column("run_date", pa.date32(), "", doc="day of the visit"),
        Column("number", pa.int64(), "count", doc="number of the row"),
    )
    return Table(name, "a row that netlift doctor wrote", columns, key=("number",), partition=("run_date",))


def _commit_and_read(tables: Tables, probe: Table, day: date) -> None:
    writer = tables.open_stage(probe, {"run_date": day}, "doctor")
    rows = pa.table({"run_date": [day] * _PROBE_ROWS, "number": range(_PROBE_ROWS)})
    writer.write(rows)
    staged = writer.close()
    tables.finish(probe, [staged] if staged else [], {"run_date": day}, "doctor", 1, lambda: None)
    read = read_whole(tables, probe, columns=["number"])["number"].to_pylist()
    if sorted(read) != list(range(_PROBE_ROWS)):
        raise CommitUnknown(f"probe table {probe.name} holds {read}, not the {_PROBE_ROWS} rows committed: try again.")


def _purge_quietly(tables: Tables, probe: Table) -> None:
    """Remove what a failed probe left; its own failure must not hide the first."""
    try:
        tables.purge(probe)
    except NetliftError as error:
        log.warning("probe table %s is still there: %s", probe.name, error)


def lines(findings: Sequence[Finding]) -> str:
    """Return a line for each check, and one that sums up.

    Examples
    --------
    >>> print(lines([Finding("objects", "ok", "all there")]))
    ok       objects  all there
    all is well
    """
    width = max(len(f.check) for f in findings)
    said = [f"{f.state:<8} {f.check:<{width}}  {f.said}" for f in findings]
    failed = [f for f in findings if f.state == FAILED]
    return "\n".join([*said, f"{len(failed)} of {len(findings)} checks failed" if failed else "all is well"])


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift doctor``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default.

    Returns
    -------
    int
        0, or the exit code of the first failure: 30 no answer, 40 a variable, 41 no credentials, 42 a permission,
        43 something does not exist, others as in jobs/errors.py.
    """
    request = parse(Doctor, "netlift doctor", sys.argv[1:] if argv is None else argv)
    to_stderr(logging.ERROR)
    findings = doctor(request)
    said = json.dumps([asdict(f) for f in findings], indent=2) if request.json else lines(findings)
    sys.stdout.write(said + "\n")
    return next((f.exit_code for f in findings if f.state == FAILED), 0)


if __name__ == "__main__":
    sys.exit(main())
