"""A campaign read back through real stores: measured beside promised, and what the next night makes of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.errors import NoInput
from jobs.read_experiment import ReadExperiment, read_experiment
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores
from jobs.storage.tables import read_whole
from jobs.tables.outputs import OFFERS, PARTNER_LIFT, READOUTS
from tests.trained import rows_of
from tests.unit.allocate_offers.score_world import DAY, fill
from tests.unit.read_experiment.holdout_world import CLOSED, PARTNERS, HoldoutWorld, put

WORLD = HoldoutWorld()


@dataclass(frozen=True)
class Read:
    stores: Stores
    report: Report
    added_eur: dict[str, float]  # to the sales of each partner

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.stores.objects.get(self.report.details["readout"]["document"]))
        return found


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    stores = WORLD.night(tmp_path_factory.mktemp("home"))
    sales, added_eur = WORLD.sales(stores)
    put(stores, "outcomes", f"spring/date={CLOSED}/a", WORLD.outcomes(stores))
    put(stores, "transactions", "a", sales)
    return Read(stores, read_experiment(ReadExperiment(CLOSED, campaign="spring"), stores), added_eur)


def true_effect_eur(world: HoldoutWorld, stores: Stores) -> float:
    effect = world.effects()
    rows = rows_of(stores, OFFERS, run_date=DAY).to_pylist()
    return sum(effect.get((row["customer_id"], row["arm"]), 0.0) for row in rows)


def test_measured_stands_beside_promised_and_both_are_right(read: Read) -> None:
    said = read.report.details["promised"]
    truth = true_effect_eur(WORLD, read.stores)
    promised = read_whole(read.stores.tables, OFFERS, {"run_date": DAY}, ["expected_net_eur", "cost_eur"])
    assert said["promised_eur"]["value"] == pytest.approx(pc.sum(promised["expected_net_eur"]).as_py(), rel=1e-5)
    assert said["contact_cost_eur"] == pytest.approx(pc.sum(promised["cost_eur"]).as_py())
    assert said["model_effect_eur"] == pytest.approx(2.0 * truth)
    net = truth - said["contact_cost_eur"] - said["fraud_loss_eur"]
    assert said["measured_eur"]["lower"] < net < said["measured_eur"]["upper"]
    assert said["promised_over_measured"]["lower"] < 2.0 < said["promised_over_measured"]["upper"]
    assert read.document["promised"] == said
    assert read.document["split"]["holds"]


def test_rows_are_accounted_for_and_the_readout_is_committed(read: Read) -> None:
    [row] = rows_of(read.stores, READOUTS, run_date=CLOSED).to_pylist()
    assert (row["experiment_id"], row["kind"], row["decision"]) == ("spring", "campaign", "none")
    assert read.report.inputs["outcomes"] == {"rows_in": 6_000, "rows_used": 6_000, "rows_quarantined": 0}
    again = read_experiment(ReadExperiment(CLOSED, campaign="spring"), read.stores)
    assert again.state == "already done"


def test_sales_that_the_campaign_added_to_each_partner_are_found(read: Read) -> None:
    rows = {row["partner_id"]: row for row in rows_of(read.stores, PARTNER_LIFT, run_date=CLOSED).to_pylist()}
    assert set(rows) == set(PARTNERS)
    for partner, row in rows.items():
        for kind in ("incremental", "shrunk"):
            assert row[f"{kind}_sales_low_eur"] < read.added_eur[partner] < row[f"{kind}_sales_high_eur"]
        page = read.stores.objects.get(read.report.details["partner_pages"][partner]).decode()
        assert "<script" not in page
        assert partner in page


def test_the_next_night_promises_what_is_true_and_says_by_what_it_was_multiplied(read: Read) -> None:
    fill(WORLD.scores, read.stores, day=CLOSED)
    report = allocate_offers(AllocateOffers(CLOSED), read.stores)
    said = report.details["campaigns"]["spring"]["calibration"]
    assert said["factor"] == read.report.details["calibration"]["factor"]
    assert said["readout"] == read.report.run_id
    assert said["sentence"].startswith(f"effects of spring are multiplied by {said['factor']:.2f} (95% ")
    effect = WORLD.effects()
    offered = [r for r in rows_of(read.stores, OFFERS, run_date=CLOSED).to_pylist() if r["status"] == "offered"]
    truth = sum(effect[r["customer_id"], r["arm"]] for r in offered)
    model = 2.0 * truth
    assert said["lower"] * model < truth < said["upper"] * model
    for row in offered[:50]:
        net = said["factor"] * 2.0 * effect[row["customer_id"], row["arm"]] - row["cost_eur"]
        assert row["expected_net_eur"] == pytest.approx(net - row["fraud_probability"] * 20.0, abs=1e-4)


def faulty(change: Callable[[pa.Table, np.ndarray], pa.Table], tmp_path: Path, **world: Any) -> Read:
    """Read a night whose outcomes were changed; `change` takes them with who was held out."""
    here = HoldoutWorld(customers=2_000, **world)
    stores = here.night(tmp_path)
    held = rows_of(stores, OFFERS, run_date=DAY).sort_by("customer_id")["assignment"].to_numpy() == "holdout"
    put(stores, "outcomes", "spring/a", change(here.outcomes(stores), held))
    return Read(stores, read_experiment(ReadExperiment(CLOSED, campaign="spring"), stores), {})


def changed(rows: pa.Table, column: str, at: slice, value: Any) -> pa.Table:
    values = rows[column].to_pylist()
    values[at] = [value] * len(values[at])
    return rows.set_column(rows.column_names.index(column), column, pa.array(values, rows[column].type))


def test_outcomes_at_fault_are_set_aside_each_with_its_reason(tmp_path: Path) -> None:
    def change(rows: pa.Table, held: np.ndarray) -> pa.Table:
        rows = changed(rows, "campaign_id", slice(0, 2), "autumn")
        rows = changed(rows, "matured_at", slice(2, 5), rows["matured_at"][0].as_py() - timedelta(days=1))
        rows = changed(rows, "customer_id", slice(5, 9), "nobody")
        return changed(rows, "outcome", slice(9, 11), float("nan"))

    found = faulty(change, tmp_path)
    aside = {s["reason"]: s["rows"] for s in found.document["source"]["set_aside"]}
    assert aside.pop("outcome of nobody who could have been offered something") >= 1
    assert sum(aside.values()) == 2 + 3 + 3 + 2  # of four rows of one customer the first stands
    assert found.report.rows_quarantined == 10
    assert any("window" in reason for reason in aside)


def test_outcomes_missing_in_one_arm_conclude_nothing_and_calibrate_nothing(tmp_path: Path) -> None:
    def change(rows: pa.Table, held: np.ndarray) -> pa.Table:
        gone = np.flatnonzero(held)[: int(held.sum() * 0.4)]
        return rows.filter(pa.array(~np.isin(np.arange(len(held)), gone)))

    found = faulty(change, tmp_path)
    assert not found.document["split"]["holds"]
    assert found.document["metrics"] == []
    assert "calibration" not in found.report.details


def test_outcomes_missing_in_all_arms_alike_are_said_and_read(tmp_path: Path) -> None:
    found = faulty(lambda rows, _: rows.filter(pa.array(np.arange(rows.num_rows) % 4 > 0)), tmp_path)
    assert found.document["split"]["holds"]
    assert found.report.details["promised"]["customers"] < 1_500


def test_a_customer_twice_in_two_files_is_left_out(tmp_path: Path) -> None:
    here = HoldoutWorld(customers=2_000)
    stores = here.night(tmp_path)
    rows = here.outcomes(stores)
    put(stores, "outcomes", "spring/a", rows)
    put(stores, "outcomes", "spring/b", rows.slice(0, 5))
    report = read_experiment(ReadExperiment(CLOSED, campaign="spring"), stores)
    aside = {s["reason"]: s["rows"] for s in Read(stores, report, {}).document["source"]["set_aside"]}
    assert aside["the same customer and night in two files"] == 10


def test_an_open_window_a_night_without_offers_and_no_holdout_say_what_to_do(tmp_path: Path) -> None:
    here = HoldoutWorld(customers=2_000)
    stores = here.night(tmp_path / "a")
    put(stores, "outcomes", "spring/a", here.outcomes(stores))
    with pytest.raises(NoInput, match="no outcome window of spring of 14 days has closed by 2026-03-10"):
        read_experiment(ReadExperiment(DAY + timedelta(days=9), campaign="spring"), stores)
    with pytest.raises(NoInput, match="no outcome window of spring"):
        read_experiment(ReadExperiment(CLOSED, campaign="spring", to_date=DAY - timedelta(days=1)), stores)


def test_outcomes_that_never_vary_are_left_out_in_words_and_the_night_goes_on(tmp_path: Path) -> None:
    with pytest.raises(NoInput, match=r"the holdout of spring cannot be read.*constant"):
        faulty(lambda rows, _: changed(rows, "outcome", slice(None), 1.0), tmp_path)


def test_a_campaign_that_does_not_want_it_is_not_calibrated(tmp_path: Path) -> None:
    here = HoldoutWorld(customers=2_000, more="calibrate = false\n")
    stores = here.night(tmp_path)
    put(stores, "outcomes", "spring/a", here.outcomes(stores))
    read_experiment(ReadExperiment(CLOSED, campaign="spring"), stores)
    fill(here.scores, stores, day=CLOSED)
    report = allocate_offers(AllocateOffers(CLOSED), stores)
    assert "calibration" not in report.details["campaigns"]["spring"]


def test_explorers_tell_what_each_arm_and_partner_brought(tmp_path: Path) -> None:
    here = HoldoutWorld(more="[exploration]\nshare = 1.0\ntemperature = 1.0\n")
    stores = here.night(tmp_path)
    put(stores, "outcomes", "spring/a", here.outcomes(stores))
    said = read_experiment(ReadExperiment(CLOSED, campaign="spring"), stores).details["promised"]
    assert [arm["arm"] for arm in said["arms"]] == ["arm-0", "arm-1"]
    assert [partner["partner_id"] for partner in said["partners"]] == list(PARTNERS)
    effect = here.effects()
    drawn = [
        r for r in rows_of(stores, OFFERS, run_date=DAY, assignment="exploration").to_pylist()
        if r["arm"] and not r["repaired"]
    ]  # fmt: skip
    for arm in said["arms"]:
        truth = np.mean([effect[r["customer_id"], r["arm"]] for r in drawn if r["arm"] == arm["arm"]])
        # Four standard errors: this is one seed.
        half = 2.0 * (arm["effect_eur"]["upper"] - arm["effect_eur"]["lower"])
        assert abs(arm["effect_eur"]["value"] - truth) < half / 2.0
        assert arm["promised_effect_eur"] == pytest.approx(2.0 * truth, rel=0.05)


def test_a_night_in_parts_is_multiplied_as_a_whole_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for parts in (False, True):
        here = HoldoutWorld(customers=3_000)
        stores = here.night(tmp_path / str(parts))
        put(stores, "outcomes", "spring/a", here.outcomes(stores))
        read_experiment(ReadExperiment(CLOSED, campaign="spring"), stores)
        fill(here.scores, stores, day=CLOSED)
        if parts:
            monkeypatch.setenv("NETLIFT_FAN_OUT_MB", "0")
            monkeypatch.setenv("NETLIFT_PART_ROWS", "2500")
        said.append(allocate_offers(AllocateOffers(CLOSED), stores).details["campaigns"]["spring"])
    whole, in_parts = said
    assert in_parts["fan_out"]["parts"] > 1
    # Two homes, two runs.
    assert in_parts["calibration"] | {"readout": ""} == whole["calibration"] | {"readout": ""}
    assert in_parts["expected_net_eur"] == pytest.approx(whole["expected_net_eur"], rel=0.01)


def test_nights_whose_windows_overlap_are_not_counted_twice(tmp_path: Path) -> None:
    here = HoldoutWorld(customers=3_000)
    stores = here.night(tmp_path)
    nights = [DAY, DAY + timedelta(days=7), DAY + timedelta(days=14)]
    for night in nights[1:]:
        fill(here.scores, stores, day=night)
        allocate_offers(AllocateOffers(night), stores)
    effect, truth = here.effects(), 0.0
    made = {
        night: {r["customer_id"]: r["arm"] for r in rows_of(stores, OFFERS, run_date=night).to_pylist()}
        for night in nights
    }
    for night in nights:
        rows = here.outcomes(stores, night)
        more = np.zeros(rows.num_rows)
        for other in nights:
            share = max(0, 14 - abs((other - night).days)) / 14
            came = [effect.get((c, made[other][c]), 0.0) * share for c in rows["customer_id"].to_pylist()]
            truth += sum(came) if night in (nights[0], nights[2]) else 0.0
            # A night's own effect is in its outcomes already.
            more += came if other != night else 0.0
        outcome = pa.array(rows["outcome"].to_numpy() + more)
        rows = rows.set_column(rows.column_names.index("outcome"), "outcome", outcome)
        put(stores, "outcomes", f"spring/date={night + timedelta(days=14)}/a", rows)
    said = read_experiment(ReadExperiment(DAY + timedelta(days=28), campaign="spring"), stores).details["promised"]
    assert said["nights"] == [str(nights[0]), str(nights[2])]
    assert said["model_effect_eur"] == pytest.approx(2.0 * truth)
    assert said["measured_effect_eur"]["lower"] < truth < said["measured_effect_eur"]["upper"]
