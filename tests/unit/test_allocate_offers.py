"""allocate_offers: within budget and caps, a row for everybody, and for everybody who gets nothing the reason."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.runtime.campaign import Campaign, read_campaign
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores
from jobs.science.experiment.holdout import in_holdout
from jobs.score_fraud import ScoreFraud, score_fraud
from jobs.score_uplift import ScoreUplift, score_uplift
from jobs.tables.outputs import CUSTOMER_RISK, OFFERS, UPLIFT_SCORES
from tests.trained import CAMPAIGN, CUSTOMERS, DAY, folder_of, read_input, rows_of, states, with_value, write_input


@dataclass(frozen=True)
class Allocated:
    """An allocation, and what it stands on."""

    stores: Stores
    campaign: Campaign
    report: Report
    offers: list[dict[str, Any]]

    @property
    def certificate(self) -> dict[str, Any]:
        certificate: dict[str, Any] = self.report.details["campaigns"][CAMPAIGN]
        return certificate

    def with_status(self, status: str) -> list[dict[str, Any]]:
        return [row for row in self.offers if row["status"] == status]


def _score(stores: Stores) -> None:
    build_fraud_features(BuildFraudFeatures(DAY), stores)
    score_fraud(ScoreFraud(DAY, threads=1), stores)
    score_uplift(ScoreUplift(DAY, CAMPAIGN, threads=1), stores)


def _set(stores: Stores, field: str, value: object) -> None:
    """Change one value of the campaign file."""
    file = folder_of(stores) / f"campaigns/{CAMPAIGN}.toml"
    text, n = re.subn(rf"^{field} = .*$", f"{field} = {value}", file.read_text(), flags=re.MULTILINE)
    assert n
    file.write_text(text)


def _allocate(stores: Stores) -> Allocated:
    report = allocate_offers(AllocateOffers(DAY), stores)
    offers = rows_of(stores, OFFERS, run_date=DAY, campaign_id=CAMPAIGN).to_pylist()
    return Allocated(stores, read_campaign(stores.objects, CAMPAIGN), report, offers)


@pytest.fixture(scope="module")
def night(copy_home: Callable[[], Stores]) -> Allocated:
    """A campaign whose caps and budget bind, and whose fraud limit some customers are over."""
    stores = copy_home()
    _set(stores, "cap", 40)
    _set(stores, "budget_eur", 60.0)
    _score(stores)
    risks = rows_of(stores, CUSTOMER_RISK, run_date=DAY)["fraud_probability"].to_numpy()
    _set(stores, "fraud_limit", float(np.quantile(risks, 0.8)))
    score_uplift(ScoreUplift(DAY, CAMPAIGN, threads=1), stores)
    return _allocate(stores)


def test_everybody_who_was_scored_has_one_row(night: Allocated) -> None:
    scored = set(rows_of(night.stores, UPLIFT_SCORES, run_date=DAY)["customer_id"].to_pylist())
    listed = [row["customer_id"] for row in night.offers]
    assert len(listed) == len(set(listed)) == CUSTOMERS
    assert set(listed) == scored


def test_budget_and_caps_are_kept_to_the_last_customer(night: Allocated) -> None:
    offered = night.with_status("offered")
    spend = sum(row["cost_eur"] for row in offered)
    assert 0.95 * night.campaign.budget_eur < spend <= night.campaign.budget_eur + 1e-9
    counts = Counter(row["arm"] for row in offered)
    caps = {arm.name: arm.cap for arm in night.campaign.arms}
    assert all(counts[arm] <= cap for arm, cap in caps.items() if cap is not None)
    assert any(counts[arm] == cap for arm, cap in caps.items()), "a cap binds, or this proves nothing"
    assert night.certificate["spend_eur"] == pytest.approx(spend)


def test_an_offer_carries_all_that_its_arm_says(night: Allocated) -> None:
    arms = {arm.name: arm for arm in night.campaign.arms}
    for row in night.with_status("offered"):
        arm = arms[row["arm"]]
        assert (row["offer"], row["partner_id"], row["contact_window"], row["cost_eur"]) == (
            arm.offer,
            arm.partner_id,
            arm.contact_window,
            arm.contact_cost_eur,
        )


def test_the_expected_net_euro_add_up_from_the_scores(night: Allocated) -> None:
    """Effect, less contact cost, less the chance of fraud times its loss; the certificate has their sum."""
    scores = rows_of(night.stores, UPLIFT_SCORES, run_date=DAY).to_pylist()
    effect = {(row["customer_id"], row["arm"]): row["effect_eur"] for row in scores}
    offered = night.with_status("offered")
    for row in offered:
        loss = row["fraud_probability"] * night.campaign.fraud_loss_eur
        net = effect[row["customer_id"], row["arm"]] - row["cost_eur"] - loss
        assert row["expected_net_eur"] == pytest.approx(net, rel=1e-5, abs=1e-5)
        assert row["expected_net_eur"] > 0
    total = sum(row["expected_net_eur"] for row in offered)
    assert night.certificate["expected_net_eur"] == pytest.approx(total, rel=1e-6)
    assert total <= night.certificate["dual_bound_eur"] * (1 + 1e-6)
    assert night.certificate["gap"] < 0.02


def test_the_rank_is_the_order_of_the_expected_net_euro(night: Allocated) -> None:
    offered = sorted(night.with_status("offered"), key=lambda row: row["rank"])
    assert [row["rank"] for row in offered] == list(range(1, len(offered) + 1))
    euro = [row["expected_net_eur"] for row in offered]
    assert euro == sorted(euro, reverse=True)


def test_who_gets_nothing_has_no_arm_and_a_reason(night: Allocated) -> None:
    for row in night.offers:
        if row["status"] != "offered":
            empty = ("arm", "offer", "partner_id", "contact_window", "rank", "expected_net_eur", "cost_eur")
            assert [row[name] for name in empty] == [None] * len(empty)
        assert row["reason"]
    assert Counter(row["reason"] for row in night.offers) == night.certificate["reasons"]
    assert len(night.certificate["reasons"]) == 6, "every reason occurs"


def test_customers_over_the_fraud_limit_get_nothing_and_the_list_says_why(night: Allocated) -> None:
    limit = night.campaign.fraud_limit
    reason = f"fraud probability is over the campaign limit of {limit:g}"
    over = [row for row in night.offers if row["fraud_probability"] > limit]
    assert len(over) > CUSTOMERS / 10
    assert {row["status"] for row in over} == {"nothing"}
    assert {row["reason"] for row in over} == {reason, "no consent to be contacted"}
    assert {row["customer_id"] for row in night.offers if row["reason"] == reason} <= {r["customer_id"] for r in over}


def test_customers_without_consent_get_nothing_and_the_list_says_why(night: Allocated) -> None:
    scores = rows_of(night.stores, UPLIFT_SCORES, run_date=DAY).to_pylist()
    without = {row["customer_id"] for row in scores if not row["consent"]}
    assert len(without) > 100
    told = {row["customer_id"] for row in night.offers if row["reason"] == "no consent to be contacted"}
    assert told == without


def test_the_holdout_gets_nothing_and_is_the_same_every_night(night: Allocated) -> None:
    ids = [row["customer_id"] for row in night.offers]
    member = dict(zip(ids, in_holdout(ids, CAMPAIGN, night.campaign.holdout_share), strict=True))
    assert all(row["status"] != "offered" for row in night.offers if member[row["customer_id"]])
    held = {row["customer_id"] for row in night.with_status("holdout")}
    assert {row["reason"] for row in night.with_status("holdout")} == {
        "in the holdout, which is never offered anything"
    }
    refused_first = {row["customer_id"] for row in night.offers if row["reason"].startswith(("no consent", "fraud"))}
    assert held == {customer for customer, is_in in member.items() if is_in} - refused_first


def test_the_same_request_in_another_home_gives_the_same_rows(copy_home: Callable[[], Stores]) -> None:
    first, second = copy_home(), copy_home()
    for stores in (first, second):
        score_uplift(ScoreUplift(DAY, CAMPAIGN, threads=1), stores)
        allocate_offers(AllocateOffers(DAY), stores)
    assert rows_of(first, OFFERS).drop_columns(["run_id"]).equals(rows_of(second, OFFERS).drop_columns(["run_id"]))


def test_a_customer_in_two_files_is_one_customer_who_is_asked_the_stricter_question(trained: Stores) -> None:
    """Ten stand in both files, one of them without consent in the second: nobody gets two offers, that one none."""
    rows = read_input(trained, "customers/part-00000")
    consenting = [i for i, yes in enumerate(rows["consent"].to_pylist()) if yes][:10]
    again = with_value(rows.take(pa.array(consenting)), 0, "consent", False)
    second = read_input(trained, "customers/part-00001")
    write_input(trained, "customers/part-00001", pa.concat_tables([second.cast(again.schema), again]))
    score_uplift(ScoreUplift(DAY, CAMPAIGN, threads=1), trained)
    assert trained.tables.count(UPLIFT_SCORES) == 4 * (CUSTOMERS + 10)
    allocated = _allocate(trained)
    assert len(allocated.offers) == len({row["customer_id"] for row in allocated.offers}) == CUSTOMERS
    assert allocated.certificate["customers_twice"] == 10
    [withdrawn] = [row for row in allocated.offers if row["customer_id"] == again["customer_id"][0].as_py()]
    assert withdrawn["reason"] == "no consent to be contacted"


def test_no_budget_means_no_offer_and_says_so(trained: Stores) -> None:
    _set(trained, "budget_eur", 0.0)
    score_uplift(ScoreUplift(DAY, CAMPAIGN, threads=1), trained)
    allocated = _allocate(trained)
    assert allocated.with_status("offered") == []
    assert allocated.certificate["expected_net_eur"] == 0
    reasons = {row["reason"] for row in allocated.with_status("nothing")}
    assert "budget and caps went to customers with more expected net margin" in reasons


def test_a_second_run_is_already_done(night: Allocated) -> None:
    before = states(night.stores)
    assert allocate_offers(AllocateOffers(DAY), night.stores).state == "already done"
    assert states(night.stores) == before
