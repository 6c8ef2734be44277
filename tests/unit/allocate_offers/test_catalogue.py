"""A campaign of many offers: each customer gets one of his candidates, within every limit, and it says why."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.errors import BadCampaign, BadRequest, BadRows, NetliftError
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores
from jobs.tables.outputs import OFFERS, QUARANTINE, UPLIFT_SCORES
from tests.trained import rows_of
from tests.unit.allocate_offers.catalogue_world import CatalogueWorld, put_table
from tests.unit.allocate_offers.score_world import DAY, ScoreWorld

WORLD = CatalogueWorld()


@dataclass(frozen=True)
class Night:
    """A night, and what it stands on."""

    stores: Stores
    report: Report
    rows: list[dict[str, Any]]
    catalogue: dict[str, dict[str, Any]]

    @property
    def offered(self) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["status"] == "offered" and row["campaign_id"] == "spring"]

    @property
    def certificate(self) -> dict[str, Any]:
        certificate: dict[str, Any] = self.report.details["campaigns"]["spring"]
        return certificate


def night(world: CatalogueWorld, folder: Path, *others: ScoreWorld) -> Night:
    stores = world.home(folder, *others)
    report = allocate_offers(AllocateOffers(DAY), stores)
    catalogue = {row["offer_id"]: row for row in world.rows().to_pylist()}
    return Night(stores, report, rows_of(stores, OFFERS, run_date=DAY).to_pylist(), catalogue)


@pytest.fixture(scope="module", autouse=True)
def _few_budgets() -> Iterator[None]:
    """The budget curve has its own test; two budgets of it are enough here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.allocate_offers.curve.BUDGETS_OF_MANY", (0.0, 1.0))
        yield


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return night(WORLD, tmp_path_factory.mktemp("catalogue"))


def test_everybody_has_one_row_and_every_offer_is_as_the_catalogue_has_it(chosen: Night) -> None:
    assert len(chosen.rows) == len({row["customer_id"] for row in chosen.rows}) == WORLD.scores.customers
    assert len({row["offer"] for row in chosen.offered}) > 30
    for row in chosen.offered:
        offer = chosen.catalogue[row["offer"]]
        assert (row["arm"], row["partner_id"], row["cost_eur"], row["expires_on"]) == (
            offer["arm"],
            offer["partner_id"],
            offer["contact_cost_eur"],
            offer["expires_on"],
        )


def test_no_cap_and_no_partner_s_budget_is_broken_and_some_bind(chosen: Night) -> None:
    per_offer = Counter(row["offer"] for row in chosen.offered)
    assert max(per_offer.values()) == WORLD.cap
    spend: dict[str, float] = defaultdict(float)
    for row in chosen.offered:
        spend[row["partner_id"]] += row["cost_eur"]
    assert WORLD.partner_budget_eur is not None
    assert 0.97 * WORLD.partner_budget_eur < max(spend.values()) <= WORLD.partner_budget_eur + 1e-9
    assert chosen.certificate["spend_eur"] == pytest.approx(sum(spend.values()))
    kinds = Counter(row["arm"] for row in chosen.offered)
    assert kinds["arm-0"] <= int(WORLD.scores.customers * WORLD.scores.cap_share)


def test_the_night_is_certified(chosen: Night) -> None:
    told = chosen.report.details["night"]
    assert told["gap"] < 0.005
    assert told["expected_net_eur"] == pytest.approx(sum(row["expected_net_eur"] for row in chosen.offered))
    assert chosen.certificate["by_arm"] == dict(sorted(Counter(row["arm"] for row in chosen.offered).items()))
    about = chosen.certificate["catalogue"]
    assert (about["offers"], about["partners"], about["offers_expired"]) == (100, 25, 0)
    assert about["offers_made"] == len({row["offer"] for row in chosen.offered})


def test_the_promise_is_the_effect_of_the_arm_less_contact_and_fraud(chosen: Night) -> None:
    """Whatever the affinity: with a strength of 0 it decides only who is considered for what."""
    scores = rows_of(chosen.stores, UPLIFT_SCORES, run_date=DAY).to_pylist()
    effect = {(row["customer_id"], row["arm"]): row["effect_eur"] for row in scores}
    for row in chosen.offered:
        net = effect[row["customer_id"], row["arm"]] - row["cost_eur"] - 20.0 * row["fraud_probability"]
        assert row["expected_net_eur"] == pytest.approx(net, abs=1e-5)


def test_the_reason_tells_purchases_that_were_made(chosen: Night) -> None:
    times = Counter(
        (row["customer_id"], row["partner_id"])
        for row in WORLD.bought().select(["customer_id", "partner_id"]).to_pylist()
    )
    categories = {row["partner_id"]: row["category"] for row in chosen.catalogue.values()}
    seen: Counter[str] = Counter()
    for row in chosen.offered:
        category = chosen.catalogue[row["offer"]]["category"]
        mine = {p: n for (c, p), n in times.items() if c == row["customer_id"]} if len(seen) < 3 else None
        if mine is None:
            break
        n = sum(count for partner, count in mine.items() if categories[partner] == category)
        words = "once" if n == 1 else f"{n} times"
        said = f"bought in category {category} {words} in 90 days" if n else f"popular in category {category}"
        assert row["reason"].startswith(f"expected net margin is worth the contact: {said}")
        at_partner = (
            "some" if " of them at " in row["reason"] else "all" if f"at {row['partner_id']}" in row["reason"] else ""
        )
        seen[at_partner] += 1
    assert len(seen) == 3


@pytest.mark.long
def test_it_is_the_same_night_again_and_another_catalogue_is_another_run(chosen: Night, tmp_path: Path) -> None:
    again = night(WORLD, tmp_path / "again")
    drop = ("run_id", "model_version")
    plain = [[{k: v for k, v in row.items() if k not in drop} for row in n.rows] for n in (chosen, again)]
    assert plain[0] == plain[1]
    other = night(WORLD.with_changed(3, cap=1), tmp_path / "other")
    assert other.report.run_id != again.report.run_id
    assert other.rows[0]["policy_version"] != again.rows[0]["policy_version"]


@pytest.mark.long
def test_a_minimum_of_an_arm_counts_all_its_offers_and_a_dense_campaign_stands_beside(tmp_path: Path) -> None:
    scores = replace(WORLD.scores, of_arm={1: "minimum = 250"}, budget_share=0.5)
    world = replace(WORLD, scores=scores, cap=40, partner_budget_eur=None)
    beside = replace(WORLD.scores, campaign="autumn", arms=3)
    found = night(world, tmp_path, beside)
    assert Counter(row["arm"] for row in found.offered)["arm-1"] >= 250
    assert {row["campaign_id"] for row in found.rows} == {"spring", "autumn"}
    autumn = [row for row in found.rows if row["campaign_id"] == "autumn" and row["status"] == "offered"]
    assert {row["offer"] for row in autumn} <= {"offer 0", "offer 1", "offer 2"}
    assert "category" not in " ".join(row["reason"] for row in autumn)
    assert found.report.details["night"]["gap"] < 0.01


def test_explorers_draw_among_their_candidates_and_the_log_is_that_of_arms(tmp_path: Path) -> None:
    more = "[exploration]\nshare = 0.5\ntemperature = 0.5\n"
    found = night(replace(WORLD, scores=replace(WORLD.scores, more=more)), tmp_path)
    explored = [row for row in found.rows if row["assignment"] == "exploration"]
    assert len(explored) > 200
    for row in explored[:200]:
        logged = json.loads(row["propensities"])
        assert set(logged) <= {"none", "arm-0", "arm-1"}
        assert sum(logged.values()) == pytest.approx(1.0)
        if not row["repaired"]:
            assert row["propensity"] == pytest.approx(logged[row["arm"] or "none"])
    per_offer = Counter(row["offer"] for row in found.offered)
    assert max(per_offer.values()) <= 20


@pytest.mark.long
def test_strength_moves_money_to_offers_of_high_affinity_and_never_beyond_the_most(tmp_path: Path) -> None:
    world = replace(WORLD, candidates="most = 12\nstrength = 0.5\nmost_times = 1.5")
    found = night(world, tmp_path)
    effect = {
        (row["customer_id"], row["arm"]): row["effect_eur"]
        for row in rows_of(found.stores, UPLIFT_SCORES, run_date=DAY).to_pylist()
    }
    times = [
        (row["expected_net_eur"] + row["cost_eur"] + 20.0 * row["fraud_probability"])
        / effect[row["customer_id"], row["arm"]]
        for row in found.offered
    ]
    assert max(times) == pytest.approx(1.5, abs=1e-4)
    assert len({round(t, 3) for t in times}) > 5


def test_bad_rows_are_set_aside_with_their_reason_and_expired_offers_are_counted(tmp_path: Path) -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"contact_cost_eur": -1.0},
        {"category": None},
        {"cap": -2},
        {"expires_on": DAY},
        {"offer_id": "offer-00099"},
    )
    world = replace(WORLD, changed=dict(enumerate(wrong)))
    found = night(world, tmp_path)
    reasons = Counter(row["reason"] for row in rows_of(found.stores, QUARANTINE, run_date=DAY).to_pylist())
    assert reasons == {
        "contact_cost_eur must be at least 0: -1.0": 1,
        "category is missing": 1,
        "cap must be at least 0: -2": 1,
        "campaign_id and offer_id stand twice, the first row was kept": 1,
    }
    about = found.certificate["catalogue"]
    assert (about["offers"], about["offers_expired"]) == (95, 1)
    assert found.report.inputs["catalogue"]["rows_in"] == 100


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"arm": "mail"}, BadRows, r"catalogue of spring, offer 'offer-00007': arm 'mail' is none of arm-0, arm-1"),
        ({"category": "other"}, BadRequest, r"partner 'p0007' has two categories: give all its offers one"),
        (
            {"partner_budget_eur": 7.0},
            BadRows,
            r"partner 'p0007': partner_budget_eur is 7 and 15: give all its offers one",
        ),
    ],
)
def test_a_catalogue_that_cannot_be_is_one_sentence(
    tmp_path: Path, changed: dict[str, Any], error: type[NetliftError], said: str
) -> None:
    with pytest.raises(error, match=said):
        night(WORLD.with_changed(7, **changed), tmp_path)


def test_without_an_offer_the_last_list_stays(tmp_path: Path) -> None:
    stores = WORLD.home(tmp_path)
    allocate_offers(AllocateOffers(DAY), stores)
    before = rows_of(stores, OFFERS, run_date=DAY)
    empty = WORLD.rows().slice(0, 0)
    put_table(stores, f"inputs/catalogue/spring/date={DAY}/offers-again.parquet", empty)
    (tmp_path / f"inputs/catalogue/spring/date={DAY}/offers.parquet").unlink()
    with pytest.raises(BadCampaign, match=r"inputs/catalogue/spring/ holds no offer that can be used: put"):
        allocate_offers(AllocateOffers(DAY), stores)
    assert rows_of(stores, OFFERS, run_date=DAY).equals(before)
