"""Commit: conflicts are tried again, unknown outcomes are looked at, and the fence has the last word."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    ForbiddenError,
    ServerError,
    ServiceUnavailableError,
)

from jobs.errors import CommitUnknown, NotPermitted, RunLost, StorageUnavailable
from jobs.storage.iceberg_commit import TRIES
from jobs.storage.iceberg_tables import IcebergTables
from jobs.storage.tables import StagedFile
from tests.contract.scores import CAMPAIGN, DAY, NEXT_DAY, SCORES, rows

SCOPE = {"run_date": DAY, "campaign_id": CAMPAIGN}
Step = Callable[[Callable[[], Any]], Any]


class ScriptedCatalog(SqlCatalog):
    """A catalog whose next commits and loads go as a script says; without a script they go as always."""

    commits: list[Step]
    loads: list[Exception]
    tried = 0

    def commit_table(self, *args: Any, **kwargs: Any) -> Any:
        self.tried += 1
        commit = lambda: super(ScriptedCatalog, self).commit_table(*args, **kwargs)  # noqa: E731
        return self.commits.pop(0)(commit) if self.commits else commit()

    def load_table(self, identifier: Any) -> Any:
        if self.loads:
            raise self.loads.pop(0)
        return super().load_table(identifier)


def fails(error: Exception) -> Step:
    """The commit does not take place."""

    def step(_: Callable[[], Any]) -> Any:
        raise error

    return step


def takes_place_but(error: Exception) -> Step:
    """The commit takes place and its answer is lost."""

    def step(commit: Callable[[], Any]) -> Any:
        commit()
        raise error

    return step


@pytest.fixture
def catalog(tmp_path: Path) -> ScriptedCatalog:
    catalog = ScriptedCatalog("netlift", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=str(tmp_path))
    catalog.commits, catalog.loads = [], []
    return catalog


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def tables(catalog: ScriptedCatalog, waits: list[float]) -> IcebergTables:
    return IcebergTables(catalog, "netlift", sleep=waits.append)


def staged(tables: IcebergTables, n: int, day: Any = DAY) -> StagedFile:
    writer = tables.open_stage(SCORES, {**SCOPE, "run_date": day}, "run")
    writer.write(rows(day, CAMPAIGN, n))
    file = writer.close()
    assert file is not None
    return file


def finish(
    tables: IcebergTables, files: list[StagedFile], fence: Callable[[], None] = lambda: None, run: str = "r"
) -> bool:
    return tables.finish(SCORES, files, SCOPE, run_id=run, attempt=1, fence=fence)


UNKNOWN = [
    CommitStateUnknownException("504"),
    ServiceUnavailableError("503"),
    ServerError("500"),
    requests.ConnectionError("connection reset"),
    requests.ReadTimeout("no answer"),
]


@pytest.mark.parametrize("error", UNKNOWN, ids=lambda e: type(e).__name__)
def test_a_commit_that_took_place_unheard_is_found_and_not_repeated(
    tables: IcebergTables, catalog: ScriptedCatalog, error: Exception
) -> None:
    file = staged(tables, 5)
    catalog.commits = [takes_place_but(error)]
    assert finish(tables, [file]) is True
    assert catalog.tried == 1
    assert tables.count(SCORES) == 5


@pytest.mark.parametrize("error", UNKNOWN, ids=lambda e: type(e).__name__)
def test_a_commit_that_did_not_take_place_is_tried_again(
    tables: IcebergTables, catalog: ScriptedCatalog, error: Exception
) -> None:
    finish(tables, [staged(tables, 3)], run="old")
    file = staged(tables, 5)
    catalog.commits = [fails(error), fails(error)]
    assert finish(tables, [file]) is True
    assert tables.count(SCORES) == 5


def test_an_emptying_commit_that_took_place_unheard_is_found_too(
    tables: IcebergTables, catalog: ScriptedCatalog
) -> None:
    finish(tables, [staged(tables, 3)], run="old")
    catalog.commits = [takes_place_but(CommitStateUnknownException("502"))]
    assert finish(tables, [], run="new") is True
    assert tables.count(SCORES) == 0


def test_conflicts_are_tried_again_on_the_newest_state(tables: IcebergTables, catalog: ScriptedCatalog) -> None:
    """Each try meets rows that another run committed to the same scope meanwhile, and replaces them too."""
    finish(tables, [staged(tables, 3)], run="old")
    file, others = staged(tables, 5), [staged(tables, n) for n in (7, 8)]

    def another_first(commit: Callable[[], Any]) -> Any:
        finish(tables, [others.pop()], run=f"other-{len(others)}")
        return commit()

    catalog.commits = [another_first, lambda commit: commit(), another_first]
    assert finish(tables, [file]) is True
    assert others == []
    assert tables.count(SCORES) == 5


def test_a_conflict_that_never_ends_is_named_and_waits_grow_with_jitter(
    tables: IcebergTables, catalog: ScriptedCatalog, waits: list[float]
) -> None:
    file = staged(tables, 5)
    catalog.commits = [fails(CommitFailedException("another was first"))] * TRIES
    with pytest.raises(StorageUnavailable, match=f"others committed first, {TRIES} times"):
        finish(tables, [file])
    assert catalog.tried == TRIES
    assert len(waits) == TRIES - 1
    assert len(set(waits)) > 2
    assert max(waits) <= 2.0
    assert finish(tables, [file]) is True


def test_an_outcome_that_cannot_be_learnt_is_named_and_finishing_again_is_safe(
    tables: IcebergTables, catalog: ScriptedCatalog
) -> None:
    file = staged(tables, 5)

    def lands_and_the_catalog_goes_away(commit: Callable[[], Any]) -> Any:
        commit()
        catalog.loads = [ServerError("500")] * 10
        raise CommitStateUnknownException("504")

    catalog.commits = [lands_and_the_catalog_goes_away]
    with pytest.raises(CommitUnknown, match="run the job again"):
        finish(tables, [file])
    assert finish(tables, [file]) is False
    assert tables.count(SCORES) == 5


def test_a_catalog_that_is_away_before_the_commit_is_just_away(tables: IcebergTables, catalog: ScriptedCatalog) -> None:
    file = staged(tables, 5)
    catalog.loads = [ServiceUnavailableError("503")] * 10
    with pytest.raises(StorageUnavailable, match=r"opening table netlift\.scores"):
        finish(tables, [file])
    catalog.loads = [ServiceUnavailableError("503")] * 5
    assert finish(tables, [file]) is True


def test_a_refused_commit_is_not_tried_again(tables: IcebergTables, catalog: ScriptedCatalog) -> None:
    file = staged(tables, 5)
    catalog.commits = [fails(ForbiddenError("not yours"))]
    with pytest.raises(NotPermitted, match="allow it to the role"):
        finish(tables, [file])
    assert catalog.tried == 1


def test_the_fence_is_asked_before_every_try_and_after_the_state_was_read(
    tables: IcebergTables, catalog: ScriptedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = staged(tables, 5)
    order: list[str] = []
    load = ScriptedCatalog.load_table
    monkeypatch.setattr(ScriptedCatalog, "load_table", lambda *a: (order.append("load"), load(*a))[1])
    catalog.commits = [fails(CommitFailedException("x"))] * 2

    def fence() -> None:
        assert order[-1] == "load"
        order.append("fence")

    finish(tables, [file], fence)
    assert order.count("fence") == 3


def test_a_zombie_that_passed_the_fence_cannot_undo_its_successor(tables: IcebergTables) -> None:
    """It stops between fence and commit, its successor commits, and it wakes up."""
    zombies, heirs = staged(tables, 5), staged(tables, 6)
    asked: list[int] = []

    def fence() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise RunLost("attempt 1 may not go on, the run is attempt 2")
        assert tables.finish(SCORES, [heirs], SCOPE, run_id="r", attempt=2, fence=lambda: None)

    with pytest.raises(RunLost):
        finish(tables, [zombies], fence)
    assert tables.count(SCORES) == 6
    assert len(asked) == 2


def test_a_late_landing_of_a_lost_commit_is_not_added_twice(tables: IcebergTables, catalog: ScriptedCatalog) -> None:
    """The answer says unknown, the look finds nothing, and then the first try lands after all."""
    file = staged(tables, 5)
    held: list[Callable[[], Any]] = []

    def holds(commit: Callable[[], Any]) -> Any:
        held.append(commit)
        raise CommitStateUnknownException("504")

    def lands_first(commit: Callable[[], Any]) -> Any:
        held.pop()()
        return commit()

    catalog.commits = [holds, lands_first]
    assert finish(tables, [file]) is True
    assert tables.count(SCORES) == 5


def test_a_commit_is_one_snapshot_that_names_its_run(tables: IcebergTables, catalog: ScriptedCatalog) -> None:
    finish(tables, [staged(tables, 3), staged(tables, 4)], run="old")
    finish(tables, [staged(tables, 5)], run="new")
    snapshots = catalog.load_table(("netlift", "scores")).snapshots()
    summaries = [s.summary.additional_properties for s in snapshots if s.summary]
    assert [s["netlift.run-id"] for s in summaries] == ["old", "new"]
    assert [s["netlift.attempt"] for s in summaries] == ["1", "1"]
    assert [s["total-records"] for s in summaries] == ["7", "5"]


def test_the_tables_own_properties_stay(tables: IcebergTables, catalog: ScriptedCatalog) -> None:
    finish(tables, [staged(tables, 3)])
    properties = catalog.load_table(("netlift", "scores")).properties
    assert properties["commit.retry.num-retries"] == "20"
    assert properties["write.metadata.metrics.default"] == "full"


def test_manifests_of_failed_tries_are_removed(tables: IcebergTables, catalog: ScriptedCatalog, tmp_path: Path) -> None:
    file = staged(tables, 3)
    catalog.commits = [fails(CommitFailedException("x"))] * 3
    finish(tables, [file])
    assert len(list((tmp_path / "netlift").rglob("*-m*.avro"))) == 1


def test_days_of_other_runs_stay_when_their_commits_come_between(
    tables: IcebergTables, catalog: ScriptedCatalog
) -> None:
    mine, theirs = staged(tables, 5), staged(tables, 9, NEXT_DAY)

    def another_day_first(commit: Callable[[], Any]) -> Any:
        tables.finish(SCORES, [theirs], {"run_date": NEXT_DAY}, run_id="o", attempt=1, fence=lambda: None)
        return commit()

    catalog.commits = [another_day_first]
    finish(tables, [mine])
    assert tables.count(SCORES) == 14
