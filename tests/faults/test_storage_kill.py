"""SIGKILL at every point of a run: readers see the old rows or the new, and the rerun makes them once."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.local.home import LocalHome
from jobs.errors import RunBusy
from tests.contract.scores import CAMPAIGN, DAY, NEXT_DAY, SCORES, rows
from tests.faults.storage_worker import POINTS, SHARDS, Stores, open_stores, run

SCOPE = {"run_date": DAY, "campaign_id": CAMPAIGN}
OLD_ROWS = 3


@pytest.fixture(params=["folder", "cloud"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Mapping[str, str]:
    """Variables that lead a process to an empty home of either sort."""
    if request.param == "cloud":
        home: LocalHome = request.getfixturevalue("local_home")
        return home.process_environment()
    return {"NETLIFT_HOME": str(tmp_path / "objects"), "NETLIFT_TABLES": str(tmp_path / "tables")}


def start(environment: Mapping[str, str], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.storage_worker", *arguments],
        env={"PATH": "", **environment},
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for(process: "subprocess.Popen[str]", point: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().strip() == point, f"the worker ended before {point}"


def let_go(process: "subprocess.Popen[str]") -> None:
    """Let the worker go on, past as many points as it meets."""
    assert process.stdin is not None
    process.stdin.write("\n" * 20)
    process.stdin.flush()


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def commit_old_rows(stores: Stores) -> None:
    writer = stores.tables.open_stage(SCORES, SCOPE, "old")
    writer.write(rows(DAY, CAMPAIGN, OLD_ROWS, "old"))
    staged = writer.close()
    assert staged is not None
    stores.tables.finish(SCORES, [staged], SCOPE, run_id="old", attempt=1, fence=lambda: None)


def later() -> datetime:
    """A moment when every lease of now is over."""
    return datetime.now(UTC) + timedelta(minutes=2)


FAST = {
    ("folder", "writing"),
    ("folder", "commit"),
    ("folder", "committed"),
    ("cloud", "commit"),
    ("cloud", "recorded"),
}
CASES = [
    pytest.param(home, point, marks=() if (home, point) in FAST else pytest.mark.long)
    for home in ("folder", "cloud")
    for point in POINTS
]


@pytest.mark.parametrize(("environment", "point"), CASES, indirect=["environment"])
def test_a_killed_run_leaves_old_rows_or_new_and_its_rerun_makes_them_once(
    environment: Mapping[str, str], point: str
) -> None:
    stores = open_stores(environment)
    commit_old_rows(stores)
    worker = start(environment, point)
    wait_for(worker, point)
    kill(worker)
    committed = point in {"committed", "finished"}
    assert stores.tables.count(SCORES) == (sum(SHARDS) if committed else OLD_ROWS)
    if point != "finished":
        with pytest.raises(RunBusy, match="held by worker"):
            run(stores, DAY, lambda _: None, lambda: datetime.now(UTC))
    attempt = run(stores, DAY, lambda _: None, later)
    assert attempt == (0 if point == "finished" else 2)
    read = [p for part in stores.tables.read(SCORES, columns=["rank"]) for p in part["rank"].to_pylist()]
    assert sorted(read) == sorted([*range(SHARDS[0]), *range(SHARDS[1])])
    assert run(stores, DAY, lambda _: None, later) == 0


def test_two_processes_that_commit_different_days_at_once_both_survive(environment: Mapping[str, str]) -> None:
    """Both stand before the catalog's door with plans of the same state, and go on together."""
    workers = [start(environment, "commit", str(days_on)) for days_on in range(2)]
    for worker in workers:
        wait_for(worker, "commit")
    for worker in workers:
        let_go(worker)
    tries = 2 + sum(worker.communicate()[0].count("commit") for worker in workers)
    assert [worker.returncode for worker in workers] == [0, 0]
    assert tries == 3, "one of the two was refused once, and tried again"
    tables = open_stores(environment).tables
    assert [tables.count(SCORES, {"run_date": day}) for day in (DAY, NEXT_DAY)] == [sum(SHARDS)] * 2


def test_a_zombie_that_wakes_up_before_its_commit_is_refused(environment: Mapping[str, str]) -> None:
    """It holds its plan at the catalog's door while its successor takes over and commits."""
    stores = open_stores(environment)
    zombie = start(environment, "commit")
    wait_for(zombie, "commit")
    assert run(stores, DAY, lambda _: None, later) == 2
    let_go(zombie)
    zombie.communicate()
    assert zombie.returncode != 0
    assert stores.tables.count(SCORES) == sum(SHARDS)
