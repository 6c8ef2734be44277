"""monitor_drift: a planted shift is an alarm, a night like those before is none."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.errors import BadRequest, TamperedModel, UnknownModel
from jobs.monitor_drift import MonitorDrift, monitor_drift
from jobs.monitor_drift.history import Past
from jobs.runtime.layout import HOUSE_RULES_KEY
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores
from jobs.science.drift.bins import NumberBins
from jobs.science.drift.counts import VariableCounts
from jobs.science.drift.profile import Profile, Variable
from jobs.science.synthetic import World
from jobs.score_fraud import ScoreFraud, score_fraud
from jobs.score_uplift import ScoreUplift, score_uplift
from jobs.tables.outputs import DRIFT, PERFORMANCE
from tests.trained import CAMPAIGN, CUSTOMERS, DAY, SEED, folder_of, read_input, rows_of, write_input
from tests.unit.nightly.nights import commit
from tests.unit.pages.markup import checked

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
    """It stands from the second of two such days on; what the house rules expect of a variable is no alarm."""
    before = {"contacts_30d": "alarm", "age_years": "alarm", "spend_90d": "stable"}
    _stage_day_before(trained, before)
    rule = f'[[drift]]\nkind = "{KIND}"\nvariable = "score points-evening"\nwatch = 8\nalarm = 9\n'
    trained.objects.put_if_absent(HOUSE_RULES_KEY, rule.encode())
    for number in range(2):
        name = f"customers/part-{number:05d}"
        rows = read_input(trained, name)
        place = rows.column_names.index("contacts_30d")
        write_input(trained, name, rows.set_column(place, "contacts_30d", pc.add(rows[place], 5.0)))
    report = _night(trained)
    features = {v: level for v, level in _levels(trained, KIND).items() if not v.startswith("score")}
    assert {v for v, level in features.items() if level == "alarm"} == {"contacts_30d"}
    assert report.details["alarm"] >= 1
    since = dict(zip(*(rows_of(trained, DRIFT, run_date=DAY, kind=KIND)[c].to_pylist() for c in _SINCE), strict=True))
    assert {name: day for name, day in since.items() if day} == {"contacts_30d": DAY}
    assert report.details["raised"] == 1
    assert _levels(trained, KIND)["score points-evening"] == "stable"


_SINCE = ("variable", "alarm_since")


def _stage_day_before(stores: Stores, levels: dict[str, str]) -> None:
    """Commit what a night before found."""
    eve = DAY - timedelta(days=1)
    names, n = list(levels), len(levels)
    nought = pa.array([0.0] * n)
    rows = pa.table(
        {
            "run_date": pa.array([eve] * n),
            "kind": [KIND] * n,
            "variable": names,
            **dict.fromkeys(("psi", "psi_noise", "missing_share", "missing_share_reference"), nought),
            "rows": [1] * n,
            "level": list(levels.values()),
            "model_version": [stores.models.champion(KIND)] * n,
            "run_id": ["eve"] * n,
        }
    )
    for column in [c for c in DRIFT.columns if c.name not in rows.column_names]:
        rows = rows.append_column(column.name, pa.nulls(n, column.type))
    commit(stores, DRIFT, rows, eve, kind=KIND)


def test_the_pages_of_drift_and_performance_lie_with_their_figures_beside_them(calm: tuple[Stores, Report]) -> None:
    stores, report = calm
    for detail, said in (("page", "Variables, worst first"), ("performance_page", "Before and after the labels")):
        key = report.details[detail].removeprefix(f"{stores.objects.uri}/")
        assert said in checked(stores.objects.get(key).decode())
        figures = json.loads(stores.objects.get(key.replace(".html", ".json")))
        assert figures["run_id"] == report.run_id


def test_a_day_without_labels_has_estimates_alone(calm: tuple[Stores, Report]) -> None:
    stores, report = calm
    rows = {r["metric"]: r for r in rows_of(stores, PERFORMANCE, run_date=DAY, scored_on=DAY).to_pylist()}
    assert rows.keys() == {"roc_auc", "precision", "recall", "frauds", "cost_eur"}
    assert {r["has_matured"] for r in rows.values()} == {False}
    assert {r["measured"] for r in rows.values()} == {None}
    auc = rows["roc_auc"]
    assert 0.5 < auc["estimated_low"] < auc["estimated"] < auc["estimated_high"] <= 1
    assert report.details["performance"]["fraud"]["trust"] == "unknown"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"reference": "yesterday"}, "reference is 'yesterday': give training or weekday"),
        ({"watch": 0.5}, "watch = 0.5, alarm = 0.25"),
        ({"alarm_days": 4}, "enter = 4, among = 3"),
        ({"among_days": 60}, "an alarm looks back on 60 days"),
    ],
)
def test_what_no_batch_could_be_judged_by_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest, match=said.replace(".", r"\.")):
        MonitorDrift(DAY, **asked)


def test_the_same_weekday_is_the_reference_once_there_are_two_of_this_version() -> None:
    bins = NumberBins((1.0,))
    profile = Profile({"age": Variable(bins, VariableCounts((5, 5), 0))})
    days = [{"run_date": DAY - timedelta(days=back), "counts": f"{back} 1 0"} for back in (21, 8, 7)]
    assert Past({"age": days}).weekday_references(DAY, profile) == {"age": VariableCounts((28, 2), 0)}
    assert Past({"age": days[1:]}).weekday_references(DAY, profile) == {}


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
