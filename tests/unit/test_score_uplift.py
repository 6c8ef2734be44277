"""score_uplift: every customer for every arm, from the champion alone, without EconML."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from jobs.runtime.stores import Stores
from jobs.science.uplift.scorer import PortableScorer
from jobs.score_uplift import ScoreUplift, score_rows, score_uplift
from jobs.tables.outputs import UPLIFT_SCORES
from tests.trained import CAMPAIGN, CUSTOMERS, DAY, read_input, rows_of, with_value, write_input

KIND = f"uplift-{CAMPAIGN}"
REQUEST = ScoreUplift(DAY, CAMPAIGN, threads=1)
ARMS = {"cashback-morning", "cashback-evening", "points-morning", "points-evening"}


@pytest.fixture(scope="module")
def scored(copy_home: Callable[[], Stores]) -> Stores:
    stores = copy_home()
    score_uplift(REQUEST, stores)
    return stores


def _customers(stores: Stores) -> pa.Table:
    return pa.concat_tables([read_input(stores, f"customers/part-{n:05d}") for n in range(2)])


def test_every_customer_of_every_file_has_a_row_for_each_arm(scored: Stores) -> None:
    scores = rows_of(scored, UPLIFT_SCORES, run_date=DAY, campaign_id=CAMPAIGN)
    pairs = set(zip(scores["customer_id"].to_pylist(), scores["arm"].to_pylist(), strict=True))
    assert scores.num_rows == len(pairs) == len(ARMS) * CUSTOMERS
    assert {arm for _, arm in pairs} == ARMS
    assert {customer for customer, _ in pairs} == set(_customers(scored)["customer_id"].to_pylist())


def test_an_effect_is_what_the_champion_says_of_the_customers_row(scored: Stores) -> None:
    version = scored.models.champion(KIND)
    scorer = PortableScorer.from_files(scored.models.load(KIND, version).files)
    customers = _customers(scored).sort_by("customer_id")
    for place, arm in enumerate(scorer.arms[1:]):
        rows = rows_of(scored, UPLIFT_SCORES, run_date=DAY, arm=arm)
        assert rows["customer_id"].equals(customers["customer_id"])
        np.testing.assert_array_equal(rows["effect_eur"].to_numpy(), scorer.effect(customers, 1)[:, place])
        assert set(rows["model_version"].to_pylist()) == {version}


def test_consent_and_account_travel_with_the_score(trained: Stores) -> None:
    rows = read_input(trained, "customers/part-00000")
    write_input(trained, "customers/part-00000", with_value(rows, 0, "account_id", "joint account"))
    score_uplift(REQUEST, trained)
    scores = rows_of(trained, UPLIFT_SCORES, arm="points-morning")
    consent = dict(zip(rows["customer_id"].to_pylist(), rows["consent"].to_pylist(), strict=True))
    found = dict(zip(scores["customer_id"].to_pylist(), scores["consent"].to_pylist(), strict=True))
    assert consent.items() <= found.items()
    assert len(set(consent.values())) == 2
    account = dict(zip(scores["customer_id"].to_pylist(), scores["account_id"].to_pylist(), strict=True))
    first = rows["customer_id"][0].as_py()
    assert account.pop(first) == "joint account"
    assert all(customer == paid_by for customer, paid_by in account.items()), "without one, the customer's own id"


def test_features_that_the_trial_never_saw_still_have_a_finite_effect(trained: Stores) -> None:
    rows = read_input(trained, "customers/part-00000")
    for column, value in (("channel", "carrier pigeon"), ("region", None), ("age_years", None), ("basket_eur", 1e9)):
        rows = with_value(rows, 0, column, value)
    write_input(trained, "customers/part-00000", rows)
    assert score_uplift(REQUEST, trained).rows_quarantined == 0
    odd = rows_of(trained, UPLIFT_SCORES, customer_id=rows["customer_id"][0].as_py())
    assert np.isfinite(odd["effect_eur"].to_numpy()).all()


def test_rows_are_laid_out_customer_by_customer() -> None:
    customers = pa.table({"customer_id": ["a", "b"], "consent": [True, False], "account_id": [None, "x"]})
    rows = score_rows(customers, ("one", "two"), np.array([[1.0, 2.0], [3.0, 4.0]]), "v1").to_pylist()
    assert [(r["customer_id"], r["arm"], r["effect_eur"], r["account_id"]) for r in rows] == [
        ("a", "one", 1.0, "a"),
        ("a", "two", 2.0, "a"),
        ("b", "one", 3.0, "x"),
        ("b", "two", 4.0, "x"),
    ]


def test_scoring_loads_no_econml() -> None:
    code = "import sys, jobs.score_uplift; print('econml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
