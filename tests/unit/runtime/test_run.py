"""One run: planned, claimed, worked shard by shard, committed once."""

import dataclasses

import pyarrow as pa
import pytest

from jobs.errors import BadFile, BadSchema, NoInput, RowsLost, RunBusy, RunLost, UnknownCampaign, UnknownModel
from jobs.runtime.begin import begin
from jobs.runtime.run import finish_run, plan_request, run_job, work_shard
from jobs.tables.outputs import QUARANTINE, UPLIFT_SCORES
from tests.unit.runtime.worlds import DAY, JOB, Clock, Toy, customers, put, scores, small_home

REQUEST = Toy(DAY, "spring")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def stores(tmp_path, clock):
    return small_home(tmp_path, clock)


def test_a_run_commits_every_shard_once_and_reports_its_rows(stores):
    report = run_job(JOB, REQUEST, stores)
    assert (report.state, report.attempt) == ("finished", 1)
    assert (report.rows_in, report.rows_used, report.rows_quarantined) == (5, 5, 0)
    assert report.rows_out == {"uplift_scores": 5}
    assert report.details == {"customers": 5}
    assert [r["customer_id"] for r in scores(stores)] == ["c0", "c1", "c2", "c3", "c4"]
    assert {r["run_id"] for r in scores(stores)} == {report.run_id}


def test_the_same_run_again_is_already_done_and_changes_no_table(stores):
    first = run_job(JOB, REQUEST, stores)
    before = scores(stores)
    again = run_job(JOB, REQUEST, stores)
    assert again == dataclasses.replace(first, state="already done")
    assert scores(stores) == before


def test_another_input_is_another_run_that_replaces_the_rows(stores):
    first = run_job(JOB, REQUEST, stores)
    put(stores, "inputs/customers/c.parquet", customers(5, 1))
    second = run_job(JOB, REQUEST, stores)
    assert second.run_id != first.run_id
    assert len(scores(stores)) == 6


@pytest.mark.parametrize("change", [{"factor": 2.0}])
def test_another_request_is_another_run(stores, change):
    run_job(JOB, REQUEST, stores)
    assert run_job(JOB, dataclasses.replace(REQUEST, **change), stores).state == "finished"
    assert {r["effect_eur"] for r in scores(stores)} == {2.0}


def test_another_champion_is_another_run(stores):
    first = run_job(JOB, REQUEST, stores)
    version = stores.models.register("uplift-spring", {"m": b"2"}, {})
    stores.models.promote("uplift-spring", version, "test", "better")
    second = run_job(JOB, REQUEST, stores)
    assert (first.models, second.models["uplift-spring"]) == ({"uplift-spring": first.models["uplift-spring"]}, version)


def test_bad_rows_are_quarantined_and_counted(stores):
    put(stores, "inputs/customers/c.parquet", customers(5, 2, consent=[True, None]))
    report = run_job(JOB, REQUEST, stores)
    assert (report.rows_in, report.rows_used, report.rows_quarantined) == (7, 6, 1)
    [row] = [r for part in stores.tables.read(QUARANTINE) for r in part.to_pylist()]
    assert row["reason"] == "consent is missing"
    assert (row["job"], row["kind"], row["input"], row["file"], row["row_number"]) == (
        "score-uplift",
        "spring",
        "customers",
        "inputs/customers/c.parquet",
        1,
    )


def test_a_rerun_without_bad_rows_empties_its_quarantine(stores, tmp_path):
    put(stores, "inputs/customers/c.parquet", customers(5, 2, consent=[True, None]))
    run_job(JOB, REQUEST, stores)
    (tmp_path / "inputs/customers/c.parquet").unlink()
    run_job(JOB, REQUEST, stores)
    assert stores.tables.count(QUARANTINE) == 0


def test_a_failing_job_commits_nothing_and_frees_the_run(stores):
    run_job(JOB, REQUEST, stores)
    before = scores(stores)
    put(stores, "inputs/customers/c.parquet", pa.table({"customer_id": ["c9"]}))
    with pytest.raises(BadSchema, match=r"c.parquet has no column 'as_of'"):
        run_job(JOB, REQUEST, stores)
    assert scores(stores) == before
    [failed] = [r for r in stores.ledger.runs() if r["state"] == "failed"]
    assert failed["error"]["type"] == "BadSchema"


@pytest.mark.parametrize(("body", "said"), [(b"", "is empty"), (b"PAR1 no more", "no whole Parquet file")])
def test_a_broken_file_stops_the_run_by_name(stores, body, said):
    stores.objects.put_if_absent("inputs/customers/c.parquet", body)
    with pytest.raises(BadFile, match=rf"c\.parquet .*{said}|c\.parquet is {said}"):
        run_job(JOB, REQUEST, stores)


def test_a_truncated_file_stops_the_run_by_name(stores, tmp_path):
    whole = (tmp_path / "inputs/customers/a.parquet").read_bytes()
    stores.objects.put_if_absent("inputs/customers/c.parquet", whole[:-20])
    with pytest.raises(BadFile, match=r"c\.parquet"):
        run_job(JOB, REQUEST, stores)


def test_no_input_an_unknown_campaign_and_no_champion_are_named(stores, tmp_path):
    with pytest.raises(UnknownCampaign, match=r"'autumn'.*known: spring"):
        run_job(JOB, Toy(DAY, "autumn"), stores)
    for file in tmp_path.glob("inputs/customers/*"):
        file.unlink()
    with pytest.raises(NoInput, match="put the customers there"):
        run_job(JOB, REQUEST, stores)
    empty = small_home(tmp_path / "other")
    empty.objects.put_if_absent("campaigns/autumn.toml", b"")
    with pytest.raises(UnknownModel, match="uplift-autumn has no champion"):
        run_job(JOB, Toy(DAY, "autumn"), empty)


def test_two_runs_of_the_same_key_at_once_are_one(stores):
    manifest = plan_request(JOB.step, REQUEST, stores)
    begin(manifest, stores.ledger, "somebody else")
    with pytest.raises(RunBusy, match="held by somebody else until"):
        run_job(JOB, REQUEST, stores)


def test_a_run_whose_holder_died_is_taken_over_and_its_shards_are_not_worked_again(stores, clock):
    manifest = plan_request(JOB.step, REQUEST, stores)
    dead = begin(manifest, stores.ledger, "dead")
    work_shard(JOB, manifest, dead, 0, REQUEST, stores)
    clock.pass_(61)
    report = run_job(JOB, REQUEST, stores)
    assert report.attempt == 2
    assert len(scores(stores)) == 5
    paths = {f["path"] for shard in stores.ledger.staged(manifest.key).values() for f in shard["staged"]}
    assert any("00000-1-" in p for p in paths)


def test_a_lost_attempt_may_not_commit(stores, clock):
    manifest = plan_request(JOB.step, REQUEST, stores)
    zombie = begin(manifest, stores.ledger, "zombie")
    for shard in range(manifest.shards):
        work_shard(JOB, manifest, zombie, shard, REQUEST, stores)
    clock.pass_(61)
    begin(manifest, stores.ledger, "heir")
    with pytest.raises(RunLost):
        finish_run(manifest, zombie, stores)
    assert stores.tables.count(UPLIFT_SCORES) == 0


def test_a_run_with_a_missing_shard_commits_nothing(stores):
    manifest = plan_request(JOB.step, REQUEST, stores)
    claim = begin(manifest, stores.ledger, "test")
    work_shard(JOB, manifest, claim, 0, REQUEST, stores)
    with pytest.raises(RowsLost, match="shard 1 of 2"):
        finish_run(manifest, claim, stores)
    assert stores.tables.count(UPLIFT_SCORES) == 0


def test_a_snapshot_is_read_as_of_its_newest_date_up_to_the_runs(tmp_path):
    stores = small_home(tmp_path)
    for file in tmp_path.glob("inputs/customers/*"):
        file.unlink()
    for day, first in (("2026-02-27", 0), ("2026-02-28", 10), ("2026-03-02", 20)):
        put(stores, f"inputs/customers/date={day}/a.parquet", customers(first, 1))
    run_job(JOB, REQUEST, stores)
    assert [r["customer_id"] for r in scores(stores)] == ["c10"]
