"""train_fraud: a model with its card and its profile; the first is put to work, a later one only when asked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from jobs.errors import NoInput
from jobs.runtime.segments import UNKNOWN
from jobs.runtime.stores import Stores
from jobs.segment_customers import SegmentCustomers, segment_customers
from jobs.tables.outputs import CUSTOMER_SEGMENTS
from jobs.train_fraud import TrainFraud, train_fraud
from tests.trained import DAY, build_history, read_input, rows_of, write_input
from tests.unit.pages.markup import checked

EVE = DAY - timedelta(days=1)
AS_TRAINED = TrainFraud(EVE, train_days=10, calibration_days=3, test_days=2, rounds=60, threads=1)
OTHER = TrainFraud(EVE, train_days=10, calibration_days=3, test_days=2, rounds=20, threads=1)


@pytest.fixture(scope="module")
def stores(copy_home: Callable[[], Stores]) -> Stores:
    stores = copy_home()
    build_history(stores)
    return stores


def test_the_same_request_on_the_same_rows_gives_the_same_model(stores: Stores) -> None:
    """The home was trained with this request elsewhere: its champion comes out again, byte for byte."""
    champion = stores.models.champion("fraud")
    report = train_fraud(AS_TRAINED, stores)
    assert report.state == "finished"
    assert (report.details["model_version"], report.details["champion"]) == (champion, True)
    assert stores.models.versions("fraud") == [champion]


def test_a_card_says_what_it_was_trained_on_how_good_it_is_and_what_rows_looked_like(stores: Stores) -> None:
    card = stores.models.load("fraud", stores.models.champion("fraud")).card
    assert card["metrics"]["roc_auc"] > 0.8
    assert card["metrics"]["rows"] > 0
    assert str(card["trained_on"]["last"]) < str(DAY - timedelta(days=7)), "labels of the last week are not known yet"
    assert {"metrics", "baselines", "slices", "limits_of_use", "policy", "calibration"} <= set(card)
    assert {"amount", "partner_fraud_rate_7d", "score"} <= set(card["profile"]["variables"])


def test_the_card_is_a_page_among_the_models_files(stores: Stores) -> None:
    model = stores.models.load("fraud", stores.models.champion("fraud"))
    words = checked(model.files["card.html"].decode())
    assert f"{model.card['metrics']['average_precision']:.3f}" in words
    assert "must not be used for credit" in words


def test_error_rates_stand_in_the_card_by_the_segment_of_before_the_judged_days(
    stores: Stores, copy_home: Callable[[], Stores]
) -> None:
    """A model judged where no night has made segments says so, and its card has none."""
    plain = stores.models.load("fraud", stores.models.champion("fraud"))
    assert "segments" not in plain.card
    assert "no customer_segments were made" in train_fraud(AS_TRAINED, stores).details["segments"]
    judged_first = date.fromisoformat(plain.card["judged_on"]["first"])
    early = judged_first - timedelta(days=2)
    segmented = copy_home()
    build_history(segmented)
    for number in range(2):
        known = read_input(segmented, f"customers/part-{number:05d}")
        moment = pa.repeat(pa.scalar(datetime(early.year, early.month, early.day, tzinfo=UTC)), known.num_rows)
        dated = known.set_column(known.column_names.index("as_of"), "as_of", moment)
        write_input(segmented, f"customers/date={early}/part-{number:05d}", dated)
    segment_customers(SegmentCustomers(early), segmented)
    report = train_fraud(AS_TRAINED, segmented)
    assert report.details["segments"] == f"customer_segments of {early}, exploratory"
    model = segmented.models.load("fraud", report.details["model_version"])
    found = model.card["segments"]
    assert (found["as_of"], found["exploratory"]) == (str(early), True)
    assert sum(part["rows"] for part in found["groups"]) == model.card["metrics"]["rows"]
    assert sum(part["frauds"] for part in found["groups"]) == model.card["metrics"]["frauds"]
    known = set(rows_of(segmented, CUSTOMER_SEGMENTS, run_date=early)["segment_name"].to_pylist())
    assert len({part["name"] for part in found["groups"]} & known) > 1
    assert {part["name"] for part in found["groups"]} <= {*known, UNKNOWN}
    assert "Is every segment of customers served alike?" in checked(model.files["card.html"].decode())


def test_a_later_model_is_put_to_work_only_when_asked(stores: Stores) -> None:
    champion = stores.models.champion("fraud")
    later = train_fraud(OTHER, stores)
    assert later.details["model_version"] != champion
    assert later.details["champion"] is False
    assert stores.models.champion("fraud") == champion
    asked = train_fraud(replace(OTHER, promote=True), stores)
    assert asked.details["model_version"] == later.details["model_version"]
    assert stores.models.champion("fraud") == later.details["model_version"]
    assert [entry["why"] for entry in stores.models.history("fraud")][-1] == "asked for by --promote"


def test_without_features_it_says_what_to_run(trained: Stores) -> None:
    with pytest.raises(NoInput, match="build-fraud-features"):
        train_fraud(AS_TRAINED, trained)
