"""Partners over a campaign's risk limit: masked or priced, in parts too; the run says which and what it cost."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.nightly.limits import allocation_sentences, limit_rows
from jobs.runtime.stores import Stores
from jobs.tables.outputs import OFFERS, PARTNER_RISK
from tests.trained import rows_of
from tests.unit.allocate_offers.score_world import DAY, ScoreWorld, home, put

WORLD = ScoreWorld(
    customers=500,
    files=1,
    budget_share=0.5,
    of_arm={0: 'partner_id = "safe"', 1: 'partner_id = "risky"', 2: 'partner_id = "unseen"'},
)
MASK = "[partner_risk]\nlimit = 0.3\n"
PRICE = '[partner_risk]\nlimit = 0.3\nthen = "price"\nloss_eur = 2.0\n'


@pytest.fixture
def allocated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[dict[str, Any], Any]]:
    def run(more: str, *, by_model: bool = True, parts: bool = False) -> tuple[dict[str, Any], Any]:
        stores = home(tmp_path / str(len(list(tmp_path.iterdir()))), replace(WORLD, more=more))
        _put_risks(stores, by_model=by_model)
        monkeypatch.setenv("NETLIFT_FAN_OUT_MB", "0" if parts else "400")
        monkeypatch.setenv("NETLIFT_PART_ROWS", "700")
        details = allocate_offers(AllocateOffers(DAY), stores).details
        return details, rows_of(stores, OFFERS, run_date=DAY).to_pylist()

    return run


def _put_risks(stores: Stores, *, by_model: bool) -> None:
    put(
        stores,
        PARTNER_RISK,
        DAY,
        partner_id=["safe", "risky", "another"],
        fraud_rate_shrunk=[0.01, 0.4, 0.9],
        risk_probability=[0.1, 0.6, 0.9] if by_model else [None, None, None],
    )


def by_partner(rows: list[dict[str, Any]]) -> dict[str, int]:
    offered = [row["partner_id"] for row in rows if row["status"] == "offered"]
    return {partner: offered.count(partner) for partner in ("safe", "risky", "unseen")}


@pytest.mark.parametrize("parts", [False, True])
def test_a_masked_partner_gets_no_offers_and_the_run_says_what_that_cost(allocated: Any, parts: bool) -> None:
    free, rows = allocated("", parts=parts)
    assert free["night"]["partners"] is None
    assert by_partner(rows)["risky"] > 20
    masked, rows = allocated(MASK, parts=parts)
    assert by_partner(rows)["risky"] == 0
    assert min(by_partner(rows)["safe"], by_partner(rows)["unseen"]) > 0
    said = masked["night"]["partners"]
    assert said["over_limit"] == [
        {
            "campaign": "spring",
            "partner_id": "risky",
            "risk": 0.6,
            "by_model": True,
            "limit": 0.3,
            "then": "mask",
            "loss_eur": None,
        }
    ]
    cost = free["night"]["expected_net_eur"] - masked["night"]["expected_net_eur"]
    assert cost > 0
    # Parts say it of the sample, which here is of everybody whom no edge of a row group cuts.
    assert said["cost_eur"] == pytest.approx(cost, rel=0.1 if parts else 0.01)
    assert "every offer worth its contact is of a partner over the campaign's risk limit" in {r["reason"] for r in rows}


def test_a_priced_partner_s_offers_are_worth_less_by_its_expected_loss(allocated: Any) -> None:
    free, before = allocated("")
    priced, rows = allocated(PRICE)
    assert 0 < by_partner(rows)["risky"] < by_partner(before)["risky"]
    net = {(row["customer_id"], row["arm"]): row["expected_net_eur"] for row in before}
    both = [r for r in rows if r["partner_id"] == "risky" and (r["customer_id"], r["arm"]) in net]
    assert both
    for row in both:
        assert row["expected_net_eur"] == pytest.approx(net[row["customer_id"], row["arm"]] - 0.6 * 2.0, abs=1e-4)
    cost = free["night"]["expected_net_eur"] - priced["night"]["expected_net_eur"]
    assert priced["night"]["partners"]["cost_eur"] == pytest.approx(cost, rel=0.01)


def test_without_a_model_the_known_fraud_rate_counts_and_the_page_says_so(allocated: Any) -> None:
    details, rows = allocated(MASK, by_model=False)
    assert by_partner(rows)["risky"] == 0
    sentences = allocation_sentences(details["night"], {"risky": "Corner shop"})
    assert sentences[0] == (
        "Partner Corner shop has a known fraud rate of 40.0%, over the limit of 30.0% of campaign spring: its offers "
        "were not made."
    )
    assert sentences[1].startswith("By these limits the lists are expected to net ")
    prices = {r["name"]: r["price_eur"] for r in details["night"]["resources"]}
    assert [row.name for row in limit_rows(details["night"])] == sorted(prices, key=lambda name: (-prices[name], name))


def test_the_run_says_that_no_partner_is_over_the_limit_and_which_comes_nearest(allocated: Any) -> None:
    details, rows = allocated("[partner_risk]\nlimit = 0.7\n")
    assert by_partner(rows)["risky"] > 20
    assert details["night"]["partners"] == {
        "over_limit": [],
        "none_over_limit": [
            {"campaign": "spring", "limit": 0.7, "then": "mask", "riskiest": "risky", "risk": 0.6, "by_model": True}
        ],
        "cost_eur": None,
        "measured_on": "all customers",
    }
