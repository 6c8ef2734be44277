"""What was scarce, and in words what rules, partners and exploring did to the lists."""

from dataclasses import replace
from typing import Any

from jobs.nightly.limits import allocation_sentences, limit_rows
from jobs.pages.night import night_html
from tests.unit.nightly.nights import Night
from tests.unit.pages.markup import checked

CERTIFIED: dict[str, Any] = {
    "resources": [
        {"name": "budget of spring", "unit": "eur", "used": 100.0, "most": 100.0, "least": 0.0, "price_eur": 3.2,
         "says": "One more euro of budget of spring is worth 3.20 euro."},
        {"name": "tea (spring)", "unit": "customers", "used": 50.0, "most": None, "least": 50.0, "price_eur": -4.0,
         "says": "One customer less in the minimum of tea (spring) is worth 4.00 euro."},
    ],
    "contacts": {"most": 2, "days": 7},
    "partners": {
        "over_limit": [
            {"campaign": "spring", "partner_id": "p1", "risk": 0.6, "by_model": True, "limit": 0.3, "then": "price",
             "loss_eur": 2.0},
        ],
        "none_over_limit": [],
        "cost_eur": 12.5,
        "measured_on": "the sample",
    },
    "exploration": {"customers": 1_200, "taken_back": 3, "cost_eur": 4.0},
}  # fmt: skip


def test_limits_stand_in_the_order_of_their_prices_whichever_side_they_bind() -> None:
    assert [row.name for row in limit_rows(CERTIFIED)] == ["tea (spring)", "budget of spring"]
    assert [(row.most, row.least) for row in limit_rows(CERTIFIED)] == [(None, 50.0), (100.0, None)]


def test_sentences_say_the_rule_the_partner_and_what_chance_cost() -> None:
    contacts, partner, cost, explored = allocation_sentences(CERTIFIED, {})
    assert contacts == "House rule: no customer gets more than 2 offers within 7 days, of all campaigns together."
    assert partner == (
        "Partner p1 has a risk of 60.0%, over the limit of 30.0% of campaign spring: each of its offers was charged "
        "€1.20 of expected loss."
    )
    assert "expected to net €12.50 less" in cost
    assert "among the sample" in cost
    assert explored.startswith("1,200 customers got what chance drew")
    assert "€4.00" in explored


def test_where_no_partner_is_over_a_limit_the_riskiest_stands_there_and_nothing_is_said_to_cost() -> None:
    summer = {"campaign": "summer", "limit": 0.5, "then": "mask", "riskiest": "p2", "risk": 0.125, "by_model": True}
    autumn = {"campaign": "autumn", "limit": 0.1, "then": "mask", "riskiest": None, "risk": None, "by_model": None}
    partners = {"over_limit": [], "none_over_limit": [summer, autumn], "cost_eur": None, "measured_on": "all customers"}
    assert allocation_sentences({"partners": partners}, {"p2": "Corner shop"}) == [
        "No partner of campaign summer is over its limit of 50.0%: the riskiest is Corner shop, with a risk of 12.5%.",
        "No partner of campaign autumn is over its limit of 10.0%: of none is the risk known.",
    ]


def test_a_night_that_says_nothing_of_it_has_no_sentences_and_no_table() -> None:
    assert (limit_rows({}), allocation_sentences({}, {})) == ([], [])


def test_the_page_shows_every_limit_of_the_night_with_its_price(night: Night) -> None:
    resources = night.details("allocate-offers")["night"]["resources"]
    words = checked(night_html(night.page))
    assert {row.name for row in night.page.limits} == {r["name"] for r in resources}
    assert "What was scarce" in words
    for resource in resources:
        assert resource["says"] in words
    assert "What was scarce" not in checked(night_html(replace(night.page, limits=())))
