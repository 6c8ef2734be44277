"""Look whether everything is there that a night needs, and say of each thing that is not what to do."""

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from jobs.doctor.files import look_at_files
from jobs.doctor.probe import write_probe
from jobs.doctor.visit import FAILED, OK, SKIPPED, Finding, Visit
from jobs.errors import BadEnvironment, NotDeployed, StorageUnavailable
from jobs.runtime.command import flag, parse
from jobs.runtime.home import Home, open_home
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
from jobs.tables.outputs import QUARANTINE

__all__ = ["FAILED", "OK", "SKIPPED", "Doctor", "Finding", "doctor", "lines", "main"]


@dataclass(frozen=True)
class Doctor:
    """Look whether everything is there that a night needs, and say what to do where it is not."""

    write: bool = flag(
        "also write an object, and create, commit, read and purge a probe table", default=False, example="--write"
    )
    json: bool = flag("print JSON", default=False, example="--json")


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
    visit = Visit()
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
        look_at_files(visit, home)
        if request.write:
            visit.check("write objects", partial(_write_object, home))
    elif request.write:
        visit.check("write objects", str, ["objects"])
    visit.check("tables", partial(_tables, environment), base)
    if request.write:
        visit.check("write tables", lambda: write_probe(open_stores(environment)), ["tables"])
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
