"""What the parts of runs cost is kept apart for each process, and added up by service."""

from dataclasses import replace
from pathlib import Path

from jobs.runtime.effort import Effort, efforts, keep, spent
from jobs.runtime.run import plan_request
from tests.unit.runtime.worlds import DAY, JOB, Toy, small_home

ONE = Effort("r1", 1, 0, "lambda", 2.0, 100.0, 4.0, None, None)


def test_efforts_come_back_by_run_in_order_of_attempt_and_shard(tmp_path: Path) -> None:
    stores = small_home(tmp_path)
    manifest = plan_request(JOB.step, Toy(DAY, "spring"), stores)
    failed = replace(ONE, error={"type": "BadFile", "message": "b"})
    said = [replace(ONE, attempt=2, shard=None), replace(ONE, attempt=2), failed, ONE, replace(ONE, run_id="r2")]
    for effort in said:
        keep(effort, manifest, stores.objects)
    found = efforts(stores.objects, DAY)
    assert [(e.attempt, e.shard) for e in found["r1"]] == [(1, 0), (1, 0), (2, 0), (2, None)]
    assert [e.error for e in found["r1"]].count(failed.error) == 1
    assert efforts(stores.objects) == found
    assert set(efforts(stores.objects, DAY, "r2")) == {"r2"}
    assert efforts(stores.objects, DAY.replace(day=2)) == {}


def test_a_sum_of_which_a_part_is_not_known_is_not_known() -> None:
    batch = Effort("r1", 1, 1, "batch", 10.0, 100.0, 40.0, 20.0, None)
    assert spent([ONE, batch, batch]) == {
        "batch": {"seconds": 20.0, "gb_seconds": 80.0, "vcpu_seconds": 40.0},
        "lambda": {"seconds": 2.0, "gb_seconds": 4.0, "vcpu_seconds": None},
    }
    assert spent([batch, replace(batch, gb_seconds=None)])["batch"]["gb_seconds"] is None
    assert spent([]) == {}
