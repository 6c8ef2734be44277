"""SIGKILL of score-uplift wherever it may be: old rows or new, the same rows after the rerun, nothing twice."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from jobs.runtime.stores import Stores, open_stores
from jobs.score_uplift import score_uplift
from jobs.tables.outputs import QUARANTINE, UPLIFT_SCORES
from tests.faults.dying_jobs import AFTER_THE_LEASE_S, KILLED, Moment, start
from tests.faults.kill_and_rerun import Scenario, cases, committed, kill_and_rerun
from tests.faults.small_worlds import DAY, FILE_ROWS, UPLIFT_REQUEST, UPLIFT_WORDS, fill, put_customers
from tests.faults.watching import State, state

BAD_ROWS = 2
GOOD_ROWS = 3 * FILE_ROWS - 2 * BAD_ROWS


def prepare(stores: Stores) -> None:
    """Commit a run of two files, one with bad rows, then put a third that has some too."""
    fill(stores, bad_rows=BAD_ROWS)
    score_uplift(UPLIFT_REQUEST, stores)
    put_customers(stores, 2, bad_rows=BAD_ROWS)


SCENARIO = Scenario("score-uplift", UPLIFT_WORDS, UPLIFT_REQUEST, (QUARANTINE, UPLIFT_SCORES), prepare)

# Three shards, bad rows in two of them: the first commit is that of the quarantine, the second that of the scores.
MOMENTS = {
    "before anything is staged": Moment("a stage is opened"),
    "in the middle of the second shard": Moment("a staged file is completed", 2),
    "with the second shard staged but not recorded": Moment("a shard is recorded", 2),
    "with two of three shards recorded": Moment("a shard is recorded", 2, after=True),
    "between stage and finish": Moment("the finish"),
    "before the first commit": Moment("a commit"),
    "between the commits of two tables": Moment("a commit", after=True),
    "before the last commit": Moment("a commit", 2),
    "after the last commit": Moment("a commit", 2, after=True),
    "before the end is recorded": Moment("the end is recorded"),
    "after the end": Moment("the end is recorded", after=True),
}
FAST = {
    ("folder", "in the middle of the second shard"),
    ("folder", "with two of three shards recorded"),
    ("folder", "before the last commit"),
    ("folder", "before the end is recorded"),
    ("cloud", "with two of three shards recorded"),
    ("cloud", "between the commits of two tables"),
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, State]:
    """Rows of a run that nobody kills."""
    return SCENARIO.undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize(("home", "when"), cases(MOMENTS, FAST), indirect=["home"])
def test_a_killed_run_shows_old_rows_or_new_and_its_rerun_makes_them_once(
    home: Mapping[str, str], when: str, undisturbed: dict[str, State], tmp_path: Path
) -> None:
    report = kill_and_rerun(SCENARIO, home, MOMENTS[when], undisturbed, tmp_path)
    assert (report.rows_used, report.rows_quarantined) == (GOOD_ROWS, 2 * BAD_ROWS)
    assert report.rows_out == {"uplift_scores": 2 * GOOD_ROWS, "quarantine": 2 * BAD_ROWS}


@pytest.mark.parametrize(
    ("when", "tables"),
    [
        ("before the first commit", []),
        ("between the commits of two tables", ["quarantine"]),
        ("before the last commit", ["quarantine"]),
        ("before the end is recorded", ["quarantine", "uplift_scores"]),
    ],
)
def test_the_quarantine_is_committed_before_the_scores(when: str, tables: list[str], tmp_path: Path) -> None:
    home = {"NETLIFT_HOME": str(tmp_path / "home")}
    stores = open_stores(home)
    prepare(stores)
    assert start("score-uplift", UPLIFT_WORDS, home, tmp_path, at=MOMENTS[when]).ended().code == KILLED
    assert committed(SCENARIO, stores) == tables


def test_files_that_dead_attempts_left_are_in_no_table(tmp_path: Path) -> None:
    """One was whole but not recorded, one was not even whole: both lie there and are never read."""
    home = {"NETLIFT_HOME": str(tmp_path / "home")}
    stores = open_stores(home)
    prepare(stores)
    data = tmp_path / "home/tables/netlift/uplift_scores/data"
    before = set(data.iterdir())
    not_recorded = Moment("a shard is recorded", 2)
    not_whole = Moment("a staged file is completed", 2)
    for attempt, at in enumerate((not_recorded, not_whole)):
        later_s = attempt * AFTER_THE_LEASE_S
        assert start("score-uplift", UPLIFT_WORDS, home, tmp_path, later_s=later_s, at=at).ended().code == KILLED
    left = set(data.iterdir()) - before
    again = start("score-uplift", UPLIFT_WORDS, home, tmp_path, later_s=2 * AFTER_THE_LEASE_S).ended()
    assert again.code == 0, again.said
    kept = stores.tables._catalog.load_table(("netlift", "uplift_scores"))  # type: ignore[attr-defined]
    shown = {Path(task.file.file_path.removeprefix("file://")) for task in kept.scan().plan_files()}
    assert len(shown) == 3
    assert len(left & shown) == 1, "the first shard was recorded by the first attempt, and is not worked again"
    assert len(left - shown) == 2
    ids = [(row[2], row[3]) for row in state(stores.tables, UPLIFT_SCORES, DAY)]
    assert len(ids) == len(set(ids)) == 2 * GOOD_ROWS
