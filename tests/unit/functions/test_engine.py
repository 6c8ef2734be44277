"""Small runs are worked in Lambda, large ones in Batch: by shards, by bytes, by what the runs before them read."""

from datetime import timedelta

import pytest

from functions.engine import BATCH, LAMBDA, choose
from functions.plan_shards import CHAINS, handler
from jobs.errors import BadEnvironment, BadRequest
from jobs.runtime.chain import step
from jobs.runtime.plan import Manifest, PlannedFile, plan
from jobs.runtime.size import shard_bytes
from jobs.runtime.stores import Stores
from jobs.score_uplift import ScoreUplift, score_uplift
from tests.trained import CAMPAIGN, DAY
from tests.unit.functions.handlers import Context, example

MB = 1_000_000


def _plan(stores: Stores, verb: str, kind: str) -> Manifest:
    return plan(step(verb), stores, DAY, kind, DAY, {})


@pytest.mark.parametrize(
    ("limits", "engine"),
    [
        ({}, LAMBDA),
        ({"NETLIFT_BATCH_SHARDS": "2"}, LAMBDA),
        ({"NETLIFT_BATCH_SHARDS": "1"}, BATCH),
        ({"NETLIFT_BATCH_MB": "0"}, BATCH),
        ({"NETLIFT_BATCH_MB": "1", "NETLIFT_BATCH_SHARDS": ""}, LAMBDA),
    ],
)
def test_a_run_of_two_small_shards(stores: Stores, limits: dict[str, str], engine: str) -> None:
    assert choose(_plan(stores, "score-uplift", CAMPAIGN), stores, limits) == engine


def test_training_is_always_worked_in_batch(stores: Stores) -> None:
    assert choose(_plan(stores, "train-uplift", CAMPAIGN), stores, {"NETLIFT_BATCH_MB": "999999"}) == BATCH


def test_a_shard_is_as_large_as_its_own_file_and_what_the_runs_before_it_read(stores: Stores) -> None:
    scoring = _plan(stores, "score-uplift", CAMPAIGN)
    sizes = [file.size for file in scoring.files["customers"]]
    assert shard_bytes(scoring, stores) == max(sizes)
    score_uplift(ScoreUplift(DAY, CAMPAIGN), stores)
    allocation = _plan(stores, "allocate-offers", "offers")
    assert not allocation.files, "it reads tables"
    assert shard_bytes(allocation, stores) == sum(sizes), "which the runs before it made of so many bytes"


def test_more_shards_than_an_array_takes_are_refused(stores: Stores) -> None:
    small = _plan(stores, "score-uplift", CAMPAIGN)
    files = tuple(PlannedFile(f"inputs/customers/{n}.parquet", 1, "v") for n in range(10_001))
    many = Manifest(**{**vars(small), "files": {"customers": files}})
    with pytest.raises(BadRequest, match="score-uplift has 10,001 files of customers, an array job takes 10,000"):
        choose(many, stores)


def test_a_limit_that_is_no_number_is_named(stores: Stores) -> None:
    with pytest.raises(BadEnvironment, match="NETLIFT_BATCH_SHARDS is 'many'"):
        choose(_plan(stores, "score-uplift", CAMPAIGN), stores, {"NETLIFT_BATCH_SHARDS": "many"})


def test_the_plan_says_the_engine_and_how_many_children(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETLIFT_BATCH_SHARDS", "1")
    answer = handler(example("plan_shards.step"), Context())
    assert (answer["engine"], answer["array_size"], answer["shards"]) == (BATCH, 2, [])


def test_the_weekly_chain_is_listed(stores: Stores) -> None:
    steps = handler({**example("weekly"), "chain": "weekly"}, Context())["steps"]
    assert [s["verb"] for s in steps] == [s.verb for s in CHAINS["weekly"]]
    with pytest.raises(BadRequest, match="the event's 'chain' is 'hourly': give nightly or weekly"):
        handler({**example("weekly"), "chain": "hourly"}, Context())


def test_data_that_landed_plan_the_night_of_the_day_before(stores: Stores) -> None:
    assert handler(example("landed"), Context())["run_date"] == str(DAY)
    assert example("landed")["scheduled_at"].startswith(str(DAY + timedelta(days=1)))
