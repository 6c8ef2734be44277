"""monitor_drift: a planted shift is an alarm, a night like those before is none."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.errors import TamperedModel, UnknownModel
from jobs.monitor_drift import MonitorDrift, monitor_drift
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores
from jobs.science.synthetic import World
from jobs.score_fraud import ScoreFraud, score_fraud
from jobs.score_uplift import ScoreUplift, score_uplift
from jobs.tables.outputs import DRIFT
from tests.trained import CAMPAIGN, CUSTOMERS, DAY, SEED, folder_of, read_input, rows_of, write_input

KIND = f"uplift-{CAMPAIGN}"


def _night(stores: Stores) -> Report:
    build_fraud_features(BuildFraudFeatures(DAY), stores)
    score_fraud(ScoreFraud(DAY, threads=1), stores)
    score_uplift(ScoreUplift(DAY, CAMPAIGN, threads=1), stores)
    return monitor_drift(MonitorDrift(DAY), stores)


def _levels(stores: Stores, kind: str) -> dict[str, str]:
    rows = rows_of(stores, DRIFT, run_date=DAY, kind=kind)
    return dict(zip(rows["variable"].to_pylist(), rows["level"].to_pylist(), strict=True))


@pytest.fixture(scope="module")
def calm(copy_home: Callable[[], Stores]) -> tuple[Stores, Report]:
    stores = copy_home()
    return stores, _night(stores)


def test_a_night_like_those_before_it_raises_no_alarm(calm: tuple[Stores, Report]) -> None:
    """Also on a Saturday: a batch is one day, and what the date decides is not held against weeks."""
    stores, report = calm
    assert DAY.weekday() == 5
    found = _levels(stores, "fraud") | _levels(stores, KIND)
    assert "alarm" not in found.values(), found
    levels = {level: list(found.values()).count(level) for level in set(found.values())}
    assert {**levels, "raised": 0}.items() <= report.details.items()


def test_every_feature_and_score_of_every_model_at_work_is_measured(calm: tuple[Stores, Report]) -> None:
    stores, _ = calm
    world = World(SEED, CUSTOMERS, DAY)
    features = [f["name"] for f in world.campaign()["features"]]
    assert set(_levels(stores, KIND)) == {*features, *(f"score {arm}" for arm in world.arms)}
    fraud = _levels(stores, "fraud")
    assert {"amount", "partner_fraud_rate_7d", "score"} <= set(fraud)
    rows = rows_of(stores, DRIFT, run_date=DAY)
    versions = {kind: stores.models.champion(kind) for kind in ("fraud", KIND)}
    assert {(r["kind"], r["model_version"]) for r in rows.to_pylist()} == set(versions.items())
    assert set(rows_of(stores, DRIFT, run_date=DAY, kind=KIND)["rows"].to_pylist()) == {CUSTOMERS}


def test_a_planted_shift_is_an_alarm_of_that_variable_alone(trained: Stores) -> None:
    for number in range(2):
        name = f"customers/part-{number:05d}"
        rows = read_input(trained, name)
        place = rows.column_names.index("contacts_30d")
        write_input(trained, name, rows.set_column(place, "contacts_30d", pc.add(rows[place], 5.0)))
    report = _night(trained)
    features = {v: level for v, level in _levels(trained, KIND).items() if not v.startswith("score")}
    assert {v for v, level in features.items() if level == "alarm"} == {"contacts_30d"}
    assert report.details["alarm"] >= 1


def test_values_that_went_missing_are_seen(trained: Stores) -> None:
    for number in range(2):
        name = f"customers/part-{number:05d}"
        rows = read_input(trained, name)
        place = rows.column_names.index("age_years")
        write_input(trained, name, rows.set_column(place, "age_years", pa.nulls(rows.num_rows, pa.float64())))
    _night(trained)
    [row] = rows_of(trained, DRIFT, run_date=DAY, variable="age_years").to_pylist()
    assert row["level"] == "alarm"
    assert row["missing_share"] == 1.0 > row["missing_share_reference"]


def test_a_model_that_was_tampered_with_is_named_and_nothing_is_committed(trained: Stores) -> None:
    _night(trained)
    before = rows_of(trained, DRIFT)
    file = next(f for f in folder_of(trained).glob("models/fraud/versions/*/*") if f.name != "card.json")
    file.write_bytes(b"")
    with pytest.raises(TamperedModel, match=file.name.replace(".", r"\.")):
        monitor_drift(MonitorDrift(DAY, watch=0.2), trained)
    assert rows_of(trained, DRIFT).equals(before)


def test_a_model_whose_card_has_no_profile_is_named(trained: Stores) -> None:
    model = trained.models.load(KIND, trained.models.champion(KIND))
    card = {name: value for name, value in model.card.items() if name != "profile"}
    version = trained.models.register(KIND, dict(model.files), card)
    trained.models.promote(KIND, version, who="test", why="a card of before")
    score_uplift(ScoreUplift(DAY, CAMPAIGN, threads=1), trained)
    with pytest.raises(UnknownModel, match=f"model {KIND}, version {version}: its card holds no profile"):
        monitor_drift(MonitorDrift(DAY), trained)


def test_a_model_that_is_promoted_after_the_night_has_no_drift_of_that_night(trained: Stores) -> None:
    report = _night(trained)
    model = trained.models.load("fraud", trained.models.champion("fraud"))
    version = trained.models.register("fraud", dict(model.files), {**model.card, "later": True})
    trained.models.promote("fraud", version, who="test", why="a later one")
    again = monitor_drift(MonitorDrift(DAY), trained)
    assert (again.state, again.run_id) == ("already done", report.run_id)
    assert report.models["fraud"] == model.version != version
