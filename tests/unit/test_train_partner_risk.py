"""train_partner_risk, then score_partners with its champion: card, table, page, what a broken input does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.errors import BadFile, BadRows, BadSchema
from jobs.monitor_drift import MonitorDrift, monitor_drift
from jobs.runtime.plan import read_manifest
from jobs.runtime.stores import Stores
from jobs.science.drift.profile import SCORE
from jobs.science.partners.features import FEATURE_NAMES
from jobs.score_partners import ScorePartners, score_partners
from jobs.tables.outputs import DRIFT, PARTNER_RISK
from jobs.train_partner_risk import KIND, SHARED, TrainPartnerRisk, train_partner_risk
from tests.trained import DAY, folder_of, read_input, rows_of, set_aside, write_input
from tests.unit.pages.markup import checked

EVE = DAY - timedelta(days=1)
SMALL = TrainPartnerRisk(
    EVE, train_days=20, calibration_days=5, test_days=4, horizon_days=3, capacity=20, rounds=40, memory_mb=400
)


@pytest.fixture(scope="module")
def stores(copy_home: Callable[[], Stores]) -> Stores:
    stores = copy_home()
    score_partners(ScorePartners(EVE), stores)
    train_partner_risk(SMALL, stores)
    score_partners(ScorePartners(DAY), stores)
    return stores


def test_the_card_holds_the_model_beside_its_baselines_and_what_the_team_can_work(stores: Stores) -> None:
    card = stores.models.load(KIND, stores.models.champion(KIND)).card
    assert {"model", "without_text", "with_text", "rate_28d", "shrunk_rate_7d", "streak"} == set(card["judged"])
    assert card["capacity"] == 20
    assert 0 < card["review_probability"] < 1
    assert date.fromisoformat(card["judged_on"]["last"]) <= EVE - timedelta(days=SMALL.label_delay_days)
    assert "score" in card["profile"]["variables"]


def test_the_champion_ranks_and_every_row_says_so(stores: Stores) -> None:
    rows = rows_of(stores, PARTNER_RISK, run_date=DAY).sort_by("rank").to_pylist()
    champion = stores.models.champion(KIND)
    assert {row["model_version"] for row in rows} == {champion}
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    probabilities = [row["risk_probability"] for row in rows]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(0 <= p <= 1 for p in probabilities)
    queue = [row for row in rows if row["outcome"] == "review"]
    assert len(queue) <= 20
    report = score_partners(ScorePartners(DAY), stores)
    assert (report.state, report.details["scored_by"]) == ("already done", f"model {champion}")


def test_the_nights_before_a_model_were_ranked_by_the_rate(stores: Stores) -> None:
    before = rows_of(stores, PARTNER_RISK, run_date=EVE)
    assert set(before["model_version"].to_pylist()) == {None}


def test_the_page_is_kept_among_the_published_files_and_shows_the_queue(stores: Stores) -> None:
    uri = score_partners(ScorePartners(DAY), stores).details["page"]
    words = checked(Path(uri.removeprefix("file://")).read_text())
    queue = [r for r in rows_of(stores, PARTNER_RISK, run_date=DAY).to_pylist() if r["outcome"] == "review"]
    assert f"{len(queue)} partners to look into" in words
    assert all(row["partner_id"] in words for row in queue)
    assert all(row["reason_1"] in words for row in queue if row["reason_1"])


def test_drift_holds_features_and_score_of_the_night_against_the_models_profile(stores: Stores) -> None:
    """The night is the day after the training's: nothing of it is far from what the model knows."""
    monitor_drift(MonitorDrift(DAY), stores)
    rows = rows_of(stores, DRIFT, run_date=DAY, kind=KIND).to_pylist()
    assert {row["variable"] for row in rows} == {*FEATURE_NAMES, SCORE} - {*SHARED}
    assert {row["model_version"] for row in rows} == {stores.models.champion(KIND)}
    paid = sum(row["transactions_28d"] > 0 for row in rows_of(stores, PARTNER_RISK, run_date=DAY).to_pylist())
    assert {row["rows"] >= paid for row in rows} == {True}
    assert [row["variable"] for row in rows if row["level"] == "alarm"] == []


def test_confirmed_cases_are_judged_by_and_a_file_that_holds_none_is_refused(trained: Stores, tmp_path: Path) -> None:
    wrong, none = tmp_path / "wrong.parquet", tmp_path / "none.parquet"
    pq.write_table(pa.table({"partner_id": ["p0001"]}), wrong)
    none.write_bytes(b"no parquet")
    with pytest.raises(BadSchema, match=r"wrong.parquet has no column 'kind'"):
        train_partner_risk(replace(SMALL, cases=wrong), trained)
    with pytest.raises(BadFile, match=r"none.parquet cannot be read"):
        train_partner_risk(replace(SMALL, cases=none), trained)


def test_too_few_days_say_how_many_are_needed(trained: Stores) -> None:
    with pytest.raises(BadRows, match="known labels cover"):
        train_partner_risk(replace(SMALL, calibration_days=90), trained)


def test_without_a_partners_input_payments_alone_are_ranked(trained: Stores) -> None:
    for file in (folder_of(trained) / "inputs" / "partners").iterdir():
        file.unlink()
    report = score_partners(ScorePartners(DAY), trained)
    assert report.state == "finished"
    assert set(report.inputs) == {"transactions", "fraud_reports"}
    assert rows_of(trained, PARTNER_RISK, run_date=DAY).num_rows > 300


def test_facts_are_the_newest_of_the_day_and_broken_rows_are_set_aside(trained: Stores) -> None:
    """Rows of the partners input are counted and set aside as those of any other."""
    given = read_input(trained, "partners/partners")
    row = given.slice(0, 1)
    name = given.column_names.index("name")
    for day, word in ((DAY, "now"), (DAY + timedelta(days=1), "tomorrow"), (EVE, "before")):
        write_input(trained, f"partners/date={day}/more", row.set_column(name, "name", pa.array([word])))
    write_input(trained, "partners/broken", pa.table({"partner_id": pa.array([None, "p-new"], pa.string())}))
    report = score_partners(ScorePartners(DAY), trained)
    n = given.num_rows + 3
    assert report.inputs["partners"] == {"rows_in": n, "rows_used": n - 1, "rows_quarantined": 1}
    aside = set_aside(trained, run_id=report.run_id, input="partners")
    assert [(bad["file"], bad["reason"]) for bad in aside] == [
        ("inputs/partners/broken.parquet", "partner_id is missing")
    ]
    words = checked(Path(report.details["page"].removeprefix("file://")).read_text())
    assert "Set aside of the partners input, see table quarantine: 1." in words
    files = read_manifest(trained, report.run_id).files["partners"]
    keys = [file.key.removeprefix("inputs/partners/") for file in files]
    assert keys == ["broken.parquet", "partners.parquet", f"date={DAY}/more.parquet"], "the newest stands last"


def test_vectors_that_no_file_holds_are_named(trained: Stores) -> None:
    with pytest.raises(BadSchema, match="no file has a value in vector_0"):
        train_partner_risk(replace(SMALL, embedding=("vector_0",)), trained)
