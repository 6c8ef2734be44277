"""A night's campaigns together: limits over all of them, and of the nights before; each customer within the rules."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.errors import BadRequest
from jobs.runtime.layout import HOUSE_RULES_KEY
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores
from jobs.science.experiment.holdout import in_holdout
from jobs.science.offers.eligibility import Reason, in_words, not_eligible
from jobs.tables.outputs import OFFERS
from tests.trained import rows_of
from tests.unit.allocate_offers.score_world import DAY, ScoreWorld, fill, home

SPRING = ScoreWorld(customers=600, files=2, budget_share=0.2, cap_share=0.1)
AUTUMN = replace(SPRING, campaign="autumn", arms=2, level_eur=0.9)
RULES = """
[contacts]
most = 1
days = 3
"""


def ruled(stores: Stores, rules: str) -> Stores:
    stores.objects.put_if_absent(HOUSE_RULES_KEY, rules.encode())
    return stores


def night(stores: Stores, day: Any = DAY) -> tuple[Report, list[dict[str, Any]]]:
    report = allocate_offers(AllocateOffers(day), stores)
    return report, rows_of(stores, OFFERS, run_date=day).to_pylist()


def contacts(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(row["customer_id"] for row in rows if row["status"] == "offered")


@pytest.fixture
def two(tmp_path: Path) -> Callable[[str], Stores]:
    return lambda rules: ruled(home(tmp_path, SPRING, AUTUMN), rules)


def test_without_rules_a_customer_may_get_an_offer_of_each_campaign(tmp_path: Path) -> None:
    report, rows = night(home(tmp_path, SPRING, AUTUMN))
    assert set(contacts(rows).values()) == {1, 2}
    assert set(report.details["campaigns"]) == {"autumn", "spring"}
    assert report.details["night"]["contacts"] is None


def test_the_holdout_of_the_house_gets_no_offer_and_is_in_no_campaigns_holdout(two: Callable[[str], Stores]) -> None:
    _, rows = night(two('[holdout]\nsalt = "house"\nshare = 0.2\n'))
    ids = sorted({row["customer_id"] for row in rows})
    held = {name for name, is_in in zip(ids, in_holdout(ids, "house", 0.2), strict=True) if is_in}
    assert 80 < len(held) < 160
    words = in_words(0.0)
    said: dict[str, set[str]] = {words[Reason.HOUSE_HOLDOUT]: set(), words[Reason.HOLDOUT]: set()}
    for row in rows:
        said.setdefault(row["reason"], set()).add(row["customer_id"])
    assert said[words[Reason.HOUSE_HOLDOUT]] <= held
    assert not held & (said[words[Reason.HOLDOUT]] | set(contacts(rows)))
    assert len(said[words[Reason.HOUSE_HOLDOUT]]) > 50
    assert not_eligible(said) >= {words[Reason.HOUSE_HOLDOUT]}, "in no comparison with a campaign's holdout"


def test_contacts_are_limited_over_all_campaigns_and_the_nights_before(two: Callable[[str], Stores]) -> None:
    stores = two(RULES)
    report, first = night(stores)
    assert set(contacts(first).values()) == {1}
    assert report.details["night"]["contacts"] == {"most": 1, "days": 3}
    told_tonight = {r["customer_id"] for r in first if r["reason"] == "contacted as often as the house rules allow"}
    assert told_tonight <= set(contacts(first)), "the other campaign's offer was better"
    assert told_tonight
    tomorrow = DAY + timedelta(days=1)
    for world in (SPRING, AUTUMN):
        fill(world, stores, day=tomorrow)
    _, second = night(stores, tomorrow)
    assert not set(contacts(first)) & set(contacts(second))
    assert len(contacts(second)) > 20, "some are left, or this proves nothing"
    told = {row["customer_id"] for row in second if row["reason"] == "contacted as often as the house rules allow"}
    refused = {r["customer_id"] for r in second if r["reason"].startswith(("no consent", "fraud", "in the holdout"))}
    assert set(contacts(first)) - refused <= told
    # Three days later the first night's contacts are forgotten.
    later = DAY + timedelta(days=3)
    fill(SPRING, stores, day=later)
    _, third = night(stores, later)
    assert set(contacts(first)) & set(contacts(third))


@pytest.mark.long
def test_the_second_offer_of_a_customer_is_the_one_that_is_worth_less(two: Callable[[str], Stores]) -> None:
    """What the rule of one contact takes away costs less than half of the value of both."""
    stores = two(RULES)
    ruled_report, _ = night(stores)
    free = home(Path(stores.objects.uri.removeprefix("file://")) / "free", SPRING, AUTUMN)
    free_report, _ = night(free)
    one, both = (r.details["night"]["expected_net_eur"] for r in (ruled_report, free_report))
    assert 0.5 * both < one < both


def test_capacity_of_a_window_and_budget_of_a_partner_hold_over_all_campaigns(tmp_path: Path) -> None:
    shared = {0: 'partner_id = "p1", contact_window = "noon"'}
    worlds = [replace(world, of_arm=shared) for world in (SPRING, AUTUMN)]
    rules = '[[windows]]\nname = "noon"\ncapacity = 40\n[[partners]]\npartner_id = "p1"\nbudget_eur = 20.0\n'
    report, rows = night(ruled(home(tmp_path, *worlds), rules))
    at_noon = [row for row in rows if row["contact_window"] == "noon"]
    assert {row["campaign_id"] for row in at_noon} == {"spring", "autumn"}
    assert sum(row["cost_eur"] for row in at_noon) <= 20.0 + 1e-9
    resources = {r["name"]: r for r in report.details["night"]["resources"]}
    assert resources["budget of partner p1"]["used"] == pytest.approx(sum(row["cost_eur"] for row in at_noon))
    assert resources["budget of partner p1"]["price_eur"] > 0
    assert resources["budget of partner p1"]["says"].startswith("One more euro of budget of partner p1 is worth")
    assert resources["room in noon"]["used"] == len(at_noon) <= 40


def test_limits_of_a_campaign_s_own_file_hold_and_a_minimum_is_kept_at_a_loss(tmp_path: Path) -> None:
    world = replace(
        SPRING,
        level_eur=-0.5,
        cap_share=0.5,
        budget_share=0.8,
        of_arm={0: 'minimum = 100, contact_window = "noon"', 1: 'partner_id = "p1", contact_window = "noon"'},
        more='[[windows]]\nname = "noon"\ncapacity = 120\n[[partners]]\npartner_id = "p1"\nbudget_eur = 9.0\n',
    )
    report, rows = night(home(tmp_path, world))
    arms = Counter(row["arm"] for row in rows if row["status"] == "offered")
    assert arms["arm-0"] == 100
    assert arms["arm-0"] + arms["arm-1"] <= 120
    assert arms["arm-1"] * 0.6 <= 9.0
    at_a_loss = [row for row in rows if row["status"] == "offered" and row["expected_net_eur"] <= 0]
    assert {row["arm"] for row in at_a_loss} == {"arm-0"}
    assert {row["reason"] for row in at_a_loss} == {"needed to keep the minimum that was committed to"}
    resources = {r["name"]: r for r in report.details["night"]["resources"]}
    assert resources["arm-0 (spring)"]["price_eur"] < 0
    assert "less in the minimum of arm-0 (spring) is worth" in resources["arm-0 (spring)"]["says"]


@pytest.mark.parametrize(
    ("world", "said"),
    [
        (replace(SPRING, of_arm={3: "minimum = 599"}), r"arm-3 \(spring\) must go to at least 599 customers, but only"),
        (replace(SPRING, of_arm={3: "minimum = 400"}, budget_share=0.2), r"arm-3 \(spring\)"),
    ],
)
def test_a_minimum_that_cannot_be_kept_is_named_and_the_last_list_stays(
    tmp_path: Path, world: ScoreWorld, said: str
) -> None:
    stores = home(tmp_path, SPRING)
    _, before = night(stores)
    file = tmp_path / "campaigns/spring.toml"
    file.write_bytes(world.toml())
    with pytest.raises(BadRequest, match=said) as refused:
        night(stores)
    assert "lower the minimum" in str(refused.value)
    assert rows_of(stores, OFFERS, run_date=DAY).to_pylist() == before
