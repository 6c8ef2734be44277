"""finish_run commits what all shards of a run staged, once, and answers with its report."""

import json

import pytest

from functions import plan_shards, run_shard
from functions.finish_run import handler
from jobs.errors import BadRequest, RowsLost, RunLost
from jobs.runtime.stores import Stores
from jobs.tables.outputs import UPLIFT_SCORES
from tests.trained import CUSTOMERS, rows_of, states
from tests.unit.functions.handlers import Context, example

ARMS = 4


@pytest.fixture
def run_id(stores: Stores) -> str:
    return str(plan_shards.handler(example("plan_shards.step"), Context())["run_id"])


def _work(run_id: str, *shards: int) -> None:
    for shard in shards:
        run_shard.handler(example("run_shard", run_id=run_id, shard=shard), Context())


def test_a_run_is_committed_and_reported_without_its_details(stores: Stores, run_id: str) -> None:
    _work(run_id, 1, 0)
    report = json.loads(json.dumps(handler(example("finish_run", run_id=run_id), Context())))
    assert (report["run_id"], report["state"], report["attempt"]) == (run_id, "finished", 1)
    assert (report["rows_in"], report["rows_used"], report["rows_quarantined"]) == (CUSTOMERS, CUSTOMERS, 0)
    assert report["rows_out"] == {"uplift_scores": ARMS * CUSTOMERS}
    assert "details" not in report
    assert set(rows_of(stores, UPLIFT_SCORES)["run_id"].to_pylist()) == {run_id}
    planned = plan_shards.handler(example("plan_shards.step"), Context())
    assert planned["state"] == "already done"


def test_a_run_with_a_missing_shard_is_not_committed(stores: Stores, run_id: str) -> None:
    _work(run_id, 0)
    with pytest.raises(RowsLost, match="shard 1 of 2 staged nothing"):
        handler(example("finish_run", run_id=run_id), Context())
    assert stores.tables.count(UPLIFT_SCORES) == 0


def test_a_finished_run_answers_again_and_commits_nothing(stores: Stores, run_id: str) -> None:
    """Lambda's answer may be lost: the state machine asks again, and must not be told that the run is lost."""
    _work(run_id, 0, 1)
    report = handler(example("finish_run", run_id=run_id), Context())
    before = states(stores)
    assert handler(example("finish_run", run_id=run_id), Context()) == report
    assert states(stores) == before


def test_an_attempt_that_was_never_made_commits_nothing(stores: Stores, run_id: str) -> None:
    _work(run_id, 0, 1)
    with pytest.raises(RunLost, match="attempt 2 may not go on"):
        handler(example("finish_run", run_id=run_id, attempt=2), Context())
    assert stores.tables.count(UPLIFT_SCORES) == 0


@pytest.mark.usefixtures("stores")
def test_a_wrong_event_is_named() -> None:
    with pytest.raises(BadRequest, match="'run_id' is 3, must be str"):
        handler({"run_id": 3, "attempt": 1}, Context())
