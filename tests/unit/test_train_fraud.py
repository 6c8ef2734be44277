"""train_fraud: a model with its card and its profile; the first is put to work, a later one only when asked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.errors import NoInput
from jobs.runtime.stores import Stores
from jobs.train_fraud import TrainFraud, train_fraud
from tests.trained import DAY, build_history
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
