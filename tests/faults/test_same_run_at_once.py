"""Several processes that start the same run: one does it, the others are told so and change nothing."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from jobs.errors import RunBusy
from jobs.runtime.stores import open_stores
from jobs.score_uplift import score_uplift
from jobs.tables.outputs import UPLIFT_SCORES
from tests.faults.dying_jobs import AFTER_THE_LEASE_S, FORKS, Hold, Moment, start
from tests.faults.kill_and_rerun import commits_of
from tests.faults.small_worlds import ARMS, DAY, FILE_ROWS, UPLIFT_REQUEST, UPLIFT_WORDS, fill
from tests.faults.watching import state

ROWS = 2 * FILE_ROWS * len(ARMS)
PROCESSES = 4
HOMES = ["folder", pytest.param("cloud", marks=pytest.mark.long)]


@pytest.mark.parametrize("home", ["folder"], indirect=True)
def test_the_second_process_is_refused_in_one_sentence_with_an_exit_code_of_its_own(
    home: Mapping[str, str], tmp_path: Path
) -> None:
    """The first one is held in the middle of its run, and does it all when it is let go."""
    stores = open_stores(home)
    fill(stores)
    hold = Hold(FORKS.Event(), FORKS.Event())
    first = start("score-uplift", UPLIFT_WORDS, home, tmp_path, at=Moment("a shard is recorded"), hold=hold)
    hold.reached.wait()
    second = subprocess.run(
        [sys.executable, "-m", "jobs.score_uplift", *UPLIFT_WORDS],
        env={"PATH": "", **home},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == RunBusy.exit_code == 20
    assert second.stdout == ""
    [sentence] = second.stderr.splitlines()
    assert sentence.startswith("netlift: run score-uplift-spring-2026-03-01-")
    assert "is held by" in sentence
    assert stores.tables.count(UPLIFT_SCORES) == 0
    hold.go_on.set()
    ended = first.ended()
    assert ended.code == 0, ended.said
    assert json.loads(ended.said)["attempt"] == 1
    assert len(state(stores.tables, UPLIFT_SCORES, DAY)) == ROWS


@pytest.mark.parametrize("home", HOMES, indirect=True)
def test_of_processes_that_start_at_once_exactly_one_does_the_run(home: Mapping[str, str], tmp_path: Path) -> None:
    stores = open_stores(home)
    fill(stores)
    together = FORKS.Barrier(PROCESSES)
    racers = [start("score-uplift", UPLIFT_WORDS, home, tmp_path, together=together) for _ in range(PROCESSES)]
    ended = [racer.ended() for racer in racers]
    assert {e.code for e in ended} <= {0, RunBusy.exit_code}, ended
    states = [json.loads(e.said)["state"] for e in ended if e.code == 0]
    assert sorted(states, reverse=True) == ["finished"] + ["already done"] * (len(states) - 1)
    rows = state(stores.tables, UPLIFT_SCORES, DAY)
    assert len({(row[2], row[3]) for row in rows}) == len(rows) == ROWS
    report = score_uplift(UPLIFT_REQUEST, stores)
    assert (report.state, report.attempt) == ("already done", 1)
    assert commits_of(report.run_id, UPLIFT_SCORES, stores) == 1


@pytest.mark.parametrize("home", HOMES, indirect=True)
def test_a_process_that_slept_through_its_lease_commits_nothing_when_it_wakes_up(
    home: Mapping[str, str], tmp_path: Path
) -> None:
    """It stands before its commit while another one takes the run over and finishes it."""
    stores = open_stores(home)
    fill(stores)
    hold = Hold(FORKS.Event(), FORKS.Event())
    sleeper = start("score-uplift", UPLIFT_WORDS, home, tmp_path, at=Moment("a commit"), hold=hold)
    hold.reached.wait()
    heir = start("score-uplift", UPLIFT_WORDS, home, tmp_path, later_s=AFTER_THE_LEASE_S).ended()
    assert heir.code == 0, heir.said
    rows = state(stores.tables, UPLIFT_SCORES, DAY)
    hold.go_on.set()
    woken = sleeper.ended()
    assert woken.code != 0
    assert "attempt 1 may not go on" in woken.said
    assert state(stores.tables, UPLIFT_SCORES, DAY) == rows
    assert len(rows) == ROWS
