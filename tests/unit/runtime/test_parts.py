"""A run in parts: shared out once, each part worked once, joined by its shard; a rerun works what is left."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import jobs.rerun
from jobs.errors import BadEnvironment, BadRequest, StorageUnavailable
from jobs.rerun import Rerun, rerun
from jobs.runtime import planned
from jobs.runtime.begin import begin
from jobs.runtime.chain import After, step
from jobs.runtime.effort import efforts
from jobs.runtime.parts import HandedOver, Parts
from jobs.runtime.plan import Manifest, plan, read_manifest
from jobs.runtime.planned import finish_planned_run, share_planned_run, work_planned_part, work_planned_shard
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.sharing import PART, SHARE, WORK, left_to_work, newest_sharing
from jobs.runtime.size import part_rows
from jobs.runtime.stores import Stores
from jobs.storage.ledger import STAGED_LIFE_S
from jobs.tables.outputs import DRIFT
from tests.unit.runtime.worlds import DAY, Clock, Toy, small_home
from tests.unit.runtime.worlds import JOB as SCORING

REQUEST = Toy(DAY, "spring")
LARGE = {"NETLIFT_FAN_OUT_MB": "0"}
BATCH = {"AWS_BATCH_JOB_ID": "job-1", "NETLIFT_MEMORY_MB": "4096", "NETLIFT_VCPUS": "2"}
STEP = replace(
    step("monitor-drift"), reads=(), models=(), campaigns=False, after=(After("score-uplift"),), parts_of="score-uplift"
)


class Squares:
    """Parts hand over the squares of their numbers, the join stages them; counts, and fails where it is told to."""

    def __init__(self, parts: int = 3) -> None:
        self.parts = parts
        self.worked = Counter[str]()
        self.fails: set[str] = set()

    @property
    def job(self) -> Job[Toy]:
        return Job(STEP, Toy, _refuse, Parts(self.share, self.work, self.join))

    def _did(self, what: str) -> None:
        self.worked[what] += 1
        if what in self.fails:
            raise StorageUnavailable(f"{what} has a bad day: try again.")

    def share(self, request: Toy, stores: Stores, manifest: Manifest) -> tuple[int, dict[str, Any]]:
        self._did("share")
        return self.parts, {"of": [n + request.factor for n in range(self.parts)]}

    def work(self, request: Toy, stores: Stores, told: dict[str, Any], part: int) -> bytes:
        self._did(f"part {part}")
        return json.dumps(told["of"][part] ** 2).encode()

    def join(self, request: Toy, stores: Stores, shard: OpenShard, handed: HandedOver) -> None:
        self._did("join")
        psi = [json.loads(body) for body in handed.bodies(list(range(handed.sharing.parts)))]
        columns = {"variable": [f"v{n}" for n in range(len(psi))], "psi": psi, "psi_noise": psi, "rows": [1] * len(psi)}
        shares = {"missing_share": [0.0] * len(psi), "missing_share_reference": [0.0] * len(psi)}
        said = {"level": ["stable"] * len(psi), "model_version": ["v"] * len(psi)}
        shard.stage(DRIFT, pa.table({**columns, **shares, **said}), kind="fraud")


def _refuse(request: Toy, stores: Stores, shard: OpenShard) -> None:
    raise AssertionError("a run in parts is not worked whole")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stores(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Stores:
    """A home in which score-uplift has finished, and every run that can be is worked in parts."""
    for name, value in LARGE.items():
        monkeypatch.setenv(name, value)
    made = small_home(tmp_path, clock)
    run_job(SCORING, REQUEST, made)
    return made


@pytest.fixture
def squares(monkeypatch: pytest.MonkeyPatch) -> Squares:
    made = Squares()
    monkeypatch.setattr(planned, "job_of", lambda _: made.job)
    monkeypatch.setattr(jobs.rerun, "job_of", lambda _: made.job)
    return made


def drift(stores: Stores) -> list[float]:
    return sorted(v for part in stores.tables.read(DRIFT) for v in part["psi"].to_pylist())


def claimed(stores: Stores) -> str:
    manifest = plan(STEP, stores, DAY, "models", DAY, {})
    begin(manifest, stores.ledger, "planner")
    return manifest.key.run_id


def test_in_one_process_the_parts_come_one_after_another(stores: Stores, squares: Squares) -> None:
    report = run_job(squares.job, REQUEST, stores)
    assert squares.worked == {"share": 1, "part 0": 1, "part 1": 1, "part 2": 1, "join": 1}
    assert (report.state, drift(stores)) == ("finished", [1.0, 4.0, 9.0])
    assert run_job(squares.job, REQUEST, stores).state == "already done"


def test_in_processes_of_their_own_they_give_the_same(stores: Stores, squares: Squares) -> None:
    """Each is asked twice, in the order in which a machine would not: what is there is not made again."""
    run_id = claimed(stores)
    assert [share_planned_run(run_id, 1, stores, {}) for _ in range(2)] == [3, 3]
    assert [work_planned_part(run_id, 1, part, stores, {}) for part in (2, 0, 1, 2)] == [3] * 4
    for _ in range(2):
        work_planned_shard(run_id, 1, 0, stores, {})
    finish_planned_run(run_id, 1, stores, {})
    assert drift(stores) == [1.0, 4.0, 9.0]
    assert set(squares.worked.values()) == {1}


@pytest.mark.parametrize("fails", ["share", "part 1", "join"])
def test_a_rerun_works_only_what_is_left(stores: Stores, squares: Squares, fails: str) -> None:
    squares.fails = {fails}
    with pytest.raises(StorageUnavailable, match=fails):
        run_job(squares.job, REQUEST, stores)
    [run] = [r for r in stores.ledger.runs() if r["state"] == "failed"]
    squares.fails = set()
    assert rerun(Rerun(run["run_id"]), stores).attempt == 2
    assert drift(stores) == [1.0, 4.0, 9.0]
    assert {what: n for what, n in squares.worked.items() if n > 1} == {fails: 2}


def test_what_is_left_is_known_phase_by_phase(stores: Stores, squares: Squares) -> None:
    run_id = claimed(stores)
    manifest = read_manifest(stores, run_id)
    assert left_to_work(manifest, stores) == (SHARE, [0])
    share_planned_run(run_id, 1, stores, {})
    work_planned_part(run_id, 1, 1, stores, {})
    assert left_to_work(manifest, stores) == (PART, [0, 2])
    for part in (0, 2):
        work_planned_part(run_id, 1, part, stores, {})
    assert left_to_work(manifest, stores) == (WORK, [0])
    work_planned_shard(run_id, 1, 0, stores, {})
    assert left_to_work(manifest, stores) == (WORK, [])


def test_what_was_shared_out_too_long_ago_is_shared_out_again(stores: Stores, squares: Squares, clock: Clock) -> None:
    """The data files that it names may be gone by then."""
    run_id = claimed(stores)
    share_planned_run(run_id, 1, stores, {})
    work_planned_part(run_id, 1, 0, stores, {})
    clock.pass_(STAGED_LIFE_S + 1)
    assert rerun(Rerun(run_id), stores).state == "finished"
    assert squares.worked == {"share": 2, "part 0": 2, "part 1": 1, "part 2": 1, "join": 1}
    newest = newest_sharing(stores, run_id)
    assert newest is not None
    assert newest.prefix == f"parts/{run_id}/000002/"


def test_a_run_may_have_no_part_at_all(stores: Stores, squares: Squares) -> None:
    squares.parts = 0
    assert run_job(squares.job, REQUEST, stores).state == "finished"
    assert squares.worked == {"share": 1, "join": 1}


def test_steps_out_of_turn_are_named(stores: Stores, squares: Squares) -> None:
    run_id = claimed(stores)
    with pytest.raises(BadRequest, match="was not shared out yet"):
        work_planned_part(run_id, 1, 0, stores, {})
    share_planned_run(run_id, 1, stores, {})
    with pytest.raises(BadRequest, match="part 3 is none of run"):
        work_planned_part(run_id, 1, 3, stores, {})
    with pytest.raises(BadRequest, match=r"part 0 of 3 of run .* has handed nothing over"):
        work_planned_shard(run_id, 1, 0, stores, {})


def test_a_run_that_is_worked_whole_has_no_parts(
    stores: Stores, squares: Squares, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETLIFT_FAN_OUT_MB", "1")
    run_id = claimed(stores)
    with pytest.raises(BadRequest, match="is worked whole, it has no parts"):
        share_planned_run(run_id, 1, stores, {})


def test_what_each_phase_cost_and_how_it_ended_is_kept(stores: Stores, squares: Squares) -> None:
    run_id = claimed(stores)
    share_planned_run(run_id, 1, stores, BATCH)
    squares.fails = {"part 2"}
    with pytest.raises(StorageUnavailable):
        work_planned_part(run_id, 1, 2, stores, BATCH)
    kept = {e.name: e.error for e in efforts(stores.objects)[run_id]}
    assert set(kept) == {"sharing out", "part 2"}
    assert kept["part 2"] == {"type": "StorageUnavailable", "message": "part 2 has a bad day: try again."}


@pytest.mark.parametrize(
    ("environment", "rows"),
    [({}, 0), ({**LARGE}, 2_000_000), ({**LARGE, "NETLIFT_PART_ROWS": "7"}, 7), ({"NETLIFT_FAN_OUT_MB": "1"}, 0)],
)
def test_a_run_is_worked_in_parts_above_a_limit_of_what_was_read_before(
    stores: Stores, environment: dict[str, str], rows: int
) -> None:
    manifest = plan(STEP, stores, DAY, "models", DAY, {}, environment)
    assert (manifest.part_rows, manifest.fan_out) == (rows, rows > 0)
    assert read_manifest(stores, manifest.key.run_id) == manifest
    assert part_rows(replace(STEP, parts_of=None), manifest, stores, LARGE) == 0


def test_parts_without_rows_are_refused(stores: Stores) -> None:
    with pytest.raises(BadEnvironment, match="NETLIFT_PART_ROWS is 0"):
        plan(STEP, stores, DAY, "models", DAY, {}, {**LARGE, "NETLIFT_PART_ROWS": "0"})
