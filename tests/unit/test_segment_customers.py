"""segment_customers: every customer in a segment each night, made anew each week, compared with the night before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.errors import NoInput
from jobs.monitor_drift import MonitorDrift, monitor_drift
from jobs.runtime.stores import Stores
from jobs.science.segments.agreement import adjusted_rand_index
from jobs.science.segments.measures import FEATURES
from jobs.science.synthetic import World
from jobs.segment_customers import KIND, SegmentCustomers, segment_customers
from jobs.tables.outputs import CUSTOMER_SEGMENTS, DRIFT
from tests.trained import CUSTOMERS, DAY, SEED, read_input, rows_of, write_input
from tests.unit.pages.markup import checked

TONIGHT = SegmentCustomers(DAY)


@pytest.fixture(scope="module")
def segmented(copy_home: Callable[[], Stores]) -> Stores:
    stores = copy_home()
    segment_customers(TONIGHT, stores)
    return stores


def test_every_customer_has_one_segment_and_it_is_the_planted_one(segmented: Stores) -> None:
    rows = rows_of(segmented, CUSTOMER_SEGMENTS, run_date=DAY)
    assert rows.num_rows == CUSTOMERS
    world = World(SEED, CUSTOMERS, DAY, days=60)
    (shard,) = world.shards()
    habit = dict(zip(world.customers(shard)["customer_id"].to_pylist(), world.true_segments(shard), strict=True))
    truth = np.unique([habit[c] for c in rows["customer_id"].to_pylist()], return_inverse=True)[1]
    assert adjusted_rand_index(truth, rows["segment"].to_numpy()) > 0.9
    assert set(rows["model_version"].to_pylist()) == {segmented.models.champion(KIND)}


def test_figures_of_a_customer_are_those_of_the_payments(segmented: Stores) -> None:
    row = rows_of(segmented, CUSTOMER_SEGMENTS, run_date=DAY).slice(5, 1).to_pylist()[0]
    own = [
        payment
        for number in range(2)
        for payment in read_input(segmented, f"transactions/part-{number:05d}").to_pylist()
        if payment["customer_id"] == row["customer_id"]
    ]
    assert row["payments"] <= len(own)
    assert 0 < row["spend_eur"] <= sum(payment["amount_eur"] for payment in own) + 1e-6
    assert 0 <= row["certainty"] <= 1


def test_the_same_night_again_commits_nothing(segmented: Stores) -> None:
    assert segment_customers(TONIGHT, segmented).state == "already done"


def test_a_card_says_how_sure_the_segments_are(segmented: Stores) -> None:
    card = segmented.models.load(KIND, segmented.models.champion(KIND)).card
    assert card["structure"] is True
    assert card["halves_agreement"] > 0.8
    assert {s["name"] for s in card["segments"]} >= {"evening spenders", "weekend spenders", "loyal spenders"}
    assert set(card["profile"]["variables"]) == {*card["segments"][0]["centre"], "segment"}


def test_a_later_night_uses_the_model_until_it_is_a_week_old(trained: Stores) -> None:
    first = segment_customers(TONIGHT, trained)
    young = segment_customers(replace(TONIGHT, run_date=DAY + timedelta(days=6)), trained)
    assert (first.details["refit"], young.details["refit"]) == ("the first model of its kind", "")
    assert young.details["model_version"] == first.details["model_version"]
    old = segment_customers(replace(TONIGHT, run_date=DAY + timedelta(days=7)), trained)
    assert old.details["refit"] == "the model before is 7 days old"
    assert old.details["model_version"] != first.details["model_version"]
    assert trained.models.champion(KIND) == old.details["model_version"]
    kept = {s["name"]: s["number"] for s in old.details["segments"]}
    assert kept == {s["name"]: s["number"] for s in first.details["segments"]}, "the same customers, the same numbers"
    assert [entry["why"] for entry in trained.models.history(KIND)] == [first.details["refit"], old.details["refit"]]


def test_a_day_that_is_done_again_knows_no_model_of_later_days_and_leaves_the_later_one_at_work(
    trained: Stores,
) -> None:
    later = segment_customers(replace(TONIGHT, run_date=DAY + timedelta(days=3)), trained)
    tonight = segment_customers(TONIGHT, trained)
    assert tonight.details["refit"] == "the first model of its kind"
    assert tonight.models == {KIND: tonight.details["model_version"]} != later.models
    assert trained.models.champion(KIND) == later.details["model_version"]
    between = segment_customers(replace(TONIGHT, run_date=DAY + timedelta(days=1)), trained)
    assert between.models == tonight.models
    assert segment_customers(TONIGHT, trained).state == "already done"


def test_drift_holds_features_and_sizes_of_the_night_against_the_models_profile(trained: Stores) -> None:
    segment_customers(TONIGHT, trained)
    monitor_drift(MonitorDrift(DAY), trained)
    calm = rows_of(trained, DRIFT, run_date=DAY, kind=KIND).to_pylist()
    assert {row["variable"] for row in calm} == {*FEATURES, "segment"}
    assert {(row["rows"], row["level"]) for row in calm} == {(CUSTOMERS, "stable")}
    later = DAY + timedelta(days=2)
    for number in range(2):  # half of the customers have never paid, as far as the files say
        name = f"transactions/part-{number:05d}"
        known = read_input(trained, name)
        half = pc.equal(pc.utf8_slice_codeunits(known["customer_id"], -1), "1")
        for digit in "3579":
            half = pc.or_(half, pc.equal(pc.utf8_slice_codeunits(known["customer_id"], -1), digit))
        write_input(trained, name, known.filter(half))
    report = segment_customers(replace(TONIGHT, run_date=later), trained)
    assert report.details["refit"] == ""
    monitor_drift(MonitorDrift(later), trained)
    found = {row["variable"]: row for row in rows_of(trained, DRIFT, run_date=later, kind=KIND).to_pylist()}
    assert found["segment"]["level"] == "alarm"
    assert found["recency"]["missing_share"] == pytest.approx(0.5, abs=0.05)


def test_moves_since_the_night_before_count_every_customer(trained: Stores) -> None:
    segment_customers(TONIGHT, trained)
    known = read_input(trained, "customers/part-00000")
    write_input(trained, "customers/part-00000", known.slice(10))
    later = segment_customers(replace(TONIGHT, run_date=DAY + timedelta(days=2)), trained)
    moves = later.details["moves"]
    assert sum(m["customers"] for m in moves) == CUSTOMERS
    assert sum(m["customers"] for m in moves if m["after"] is None) == 10
    assert later.details["stayed_share"] > 0.98
    assert later.details["size_drift"]["level"] == "stable"
    assert later.details["before"] == str(DAY)


def test_the_page_is_published_and_says_what_the_report_says(segmented: Stores) -> None:
    again = segment_customers(TONIGHT, segmented)
    words = checked(Path(again.details["page"].removeprefix("file://")).read_text())
    assert "Customer segments of 21 November 2026" in words
    for said in again.details["segments"]:
        assert said["name"] in words
        assert f"{said['customers']:,}" in words


def test_a_world_without_structure_is_one_segment(trained: Stores) -> None:
    plain = World(SEED, 2_000, DAY, days=60, habits=False, bad_rows=False)
    (shard,) = plain.shards()
    for number, rows in enumerate((plain.transactions(shard), plain.transactions(shard).slice(0, 0))):
        write_input(trained, f"transactions/part-{number:05d}", rows)
    report = segment_customers(TONIGHT, trained)
    assert report.details["structure"] is False
    assert report.details["reason"].startswith("No structure")
    assert [(s["number"], s["name"], s["customers"]) for s in report.details["segments"]] == [
        (0, "without payments", 2_000),
        (1, "all customers", 2_000),
    ]
    assert "No segments among the customers" in checked(
        Path(report.details["page"].removeprefix("file://")).read_text()
    )
    quiet = rows_of(trained, CUSTOMER_SEGMENTS, run_date=DAY, segment=0).to_pylist()
    assert {(row["payments"], row["spend_eur"], row["certainty"], row["recency_days"]) for row in quiet} == {
        (0, 0.0, None, None)
    }


def test_a_single_customer_is_a_segment(trained: Stores) -> None:
    known = read_input(trained, "customers/part-00000")
    write_input(trained, "customers/part-00000", known.slice(0, 1))
    write_input(trained, "customers/part-00001", known.slice(0, 0))
    report = segment_customers(TONIGHT, trained)
    [row] = rows_of(trained, CUSTOMER_SEGMENTS, run_date=DAY).to_pylist()
    assert (row["segment"], row["segment_name"], row["certainty"]) == (1, "all customers", 1.0)
    assert report.details["unknown_payers"] == 3_999


def test_a_customer_who_stands_in_two_files_is_set_aside_once(trained: Stores) -> None:
    first, second = (read_input(trained, f"customers/part-{n:05d}") for n in range(2))
    write_input(trained, "customers/part-00001", pa.concat_tables([second, first.slice(0, 1)]))
    report = segment_customers(TONIGHT, trained)
    assert report.inputs["customers"] == {"rows_in": CUSTOMERS + 1, "rows_used": CUSTOMERS, "rows_quarantined": 1}
    assert rows_of(trained, CUSTOMER_SEGMENTS, run_date=DAY).num_rows == CUSTOMERS


def test_customers_none_of_whom_paid_are_no_segments_and_it_says_what_to_look_at(trained: Stores) -> None:
    for number in range(2):
        known = read_input(trained, f"customers/part-{number:05d}")
        ids = pa.array([f"other-{number}-{i}" for i in range(known.num_rows)])
        write_input(trained, f"customers/part-{number:05d}", known.set_column(0, "customer_id", ids))
    with pytest.raises(NoInput, match="no customer paid anything in the 90 days"):
        segment_customers(TONIGHT, trained)
