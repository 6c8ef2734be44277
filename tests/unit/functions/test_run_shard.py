"""run_shard works one shard of a claimed run; nothing is committed."""

from datetime import timedelta

import pytest

from functions import plan_shards
from functions.run_shard import handler
from jobs.errors import BadFile, BadRequest, ObjectMissing, RunLost
from jobs.runtime.begin import begin
from jobs.runtime.plan import read_manifest
from jobs.runtime.stores import Stores, open_stores
from jobs.tables.outputs import UPLIFT_SCORES
from tests.trained import FILE_CUSTOMERS, folder_of
from tests.unit.functions.handlers import Context, example

ARMS = 4


@pytest.fixture
def run_id(stores: Stores) -> str:
    return str(plan_shards.handler(example("plan_shards.step"), Context())["run_id"])


def test_a_shard_is_staged_and_no_reader_sees_it(stores: Stores, run_id: str) -> None:
    answer = handler(example("run_shard", run_id=run_id), Context())
    assert answer == {"run_id": run_id, "shard": 0, "rows": ARMS * FILE_CUSTOMERS}
    assert stores.tables.count(UPLIFT_SCORES) == 0


def test_a_shard_that_is_staged_is_not_worked_again(stores: Stores, run_id: str) -> None:
    first = handler(example("run_shard", run_id=run_id), Context())
    data = set(folder_of(stores).glob("tables/**/*.parquet"))
    assert handler(example("run_shard", run_id=run_id), Context()) == first
    assert set(folder_of(stores).glob("tables/**/*.parquet")) == data


def test_an_attempt_that_was_overtaken_may_not_work(stores: Stores, run_id: str) -> None:
    later = open_stores({"NETLIFT_HOME": str(folder_of(stores))}, lambda: stores.clock() + timedelta(seconds=61))
    begin(read_manifest(later, run_id), later.ledger, "heir")
    with pytest.raises(RunLost, match="attempt 1 may not go on"):
        handler(example("run_shard", run_id=run_id), Context())


def test_a_broken_file_is_named_for_the_state_machine(stores: Stores, run_id: str) -> None:
    file = folder_of(stores) / "inputs/customers/part-00001.parquet"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(BadFile, match=r"part-00001\.parquet has changed since the plan"):
        handler(example("run_shard", run_id=run_id, shard=1), Context())


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"shard": 2}, BadRequest, "shard 2.*has 2 shards, numbered from 0"),
        ({"shard": -1}, BadRequest, "shard -1"),
        ({"shard": "0"}, BadRequest, "'shard' is '0', must be int"),
        ({"attempt": None}, BadRequest, "'attempt' is None, must be int"),
        ({"attempt": 7}, RunLost, "attempt 7 may not go on"),
        ({"run_id": "score-uplift-spring-2026-11-21-000000000000"}, ObjectMissing, "000000000000.json does not exist"),
    ],
)
def test_a_wrong_event_is_named(
    stores: Stores, run_id: str, changed: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        handler(example("run_shard", **{"run_id": run_id, **changed}), Context())
