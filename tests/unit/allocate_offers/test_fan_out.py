"""An allocation in parts: within every limit, near the one-process answer, each customer once, the same again."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.allocate_offers.fan_out import PARTS
from jobs.runtime.campaign import read_campaign
from jobs.runtime.chain import NIGHT, TRAINING
from jobs.runtime.plan import read_manifest
from jobs.runtime.planned import job_of
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores
from jobs.tables.outputs import OFFERS
from tests.trained import rows_of
from tests.unit.allocate_offers.score_world import DAY, ScoreWorld, home

WORLD = ScoreWorld(again={17: 1.0, 400: -0.5, 401: 0.0, 5_000: 0.25}, withdrawn=(401,))
PART_ROWS = 5_000
TWICE = [f"c{customer:08d}" for customer in WORLD.again]


@dataclass(frozen=True)
class Allocated:
    """Offers of a run, and its report."""

    stores: Stores
    report: Report
    offers: pa.Table

    def certificate(self, campaign: str = "spring") -> dict[str, Any]:
        found: dict[str, Any] = self.report.details["campaigns"][campaign]
        return found

    def of(self, customer: str) -> dict[str, Any]:
        [row] = self.offers.filter(pc.equal(self.offers["customer_id"], customer)).to_pylist()
        return dict(row)


@contextmanager
def environment(patch: pytest.MonkeyPatch, **values: object) -> Iterator[None]:
    with patch.context() as within:
        for name, value in values.items():
            within.setenv(f"NETLIFT_{name}", str(value))
        yield


def allocated(stores: Stores, *, parts: bool, campaign: str = "spring") -> Allocated:
    with environment(pytest.MonkeyPatch(), FAN_OUT_MB=0 if parts else 400, PART_ROWS=PART_ROWS):
        report = allocate_offers(AllocateOffers(DAY), stores)
    return Allocated(stores, report, rows_of(stores, OFFERS, run_date=DAY, campaign_id=campaign))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Allocated:
    return allocated(home(tmp_path_factory.mktemp("whole"), WORLD), parts=False)


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Allocated:
    """Prices from a sixth of the customers, so that they are not those of the whole."""
    patch = pytest.MonkeyPatch()
    patch.setattr("jobs.allocate_offers.sample.CUSTOMERS", 1_000)
    patch.setattr("jobs.allocate_offers.sample.FROM_A_GROUP", 100)
    try:
        return allocated(home(tmp_path_factory.mktemp("apart"), WORLD), parts=True)
    finally:
        patch.undo()


def test_a_job_has_parts_where_the_chain_says_so() -> None:
    assert [s.verb for s in NIGHT + TRAINING if s.parts_of] == ["allocate-offers"]
    assert job_of(next(s for s in NIGHT if s.parts_of)).parts is PARTS


def test_the_limit_decides_and_the_manifest_remembers(whole: Allocated, apart: Allocated) -> None:
    assert not read_manifest(whole.stores, whole.report.run_id).fan_out
    assert read_manifest(apart.stores, apart.report.run_id).part_rows == PART_ROWS
    assert "fan_out" not in whole.certificate()
    said = apart.certificate()["fan_out"]
    assert said["parts"] >= 5
    assert said["customers_sampled"] == 1_000
    assert 0 < said["customers_open"] < WORLD.customers / 2


def test_budget_and_caps_hold_exactly(apart: Allocated) -> None:
    campaign = read_campaign(apart.stores.objects, "spring")
    offered = apart.offers.filter(pc.equal(apart.offers["status"], "offered"))
    counts = Counter(offered["arm"].to_pylist())
    caps = {arm.name: arm.cap for arm in campaign.arms}
    assert all(counts[arm] <= cap for arm, cap in caps.items() if cap is not None)
    assert any(counts[arm] == cap for arm, cap in caps.items()), "a cap binds, or this proves nothing"
    spend = pc.sum(offered["cost_eur"]).as_py()
    assert 0.99 * campaign.budget_eur < spend <= campaign.budget_eur * (1 + 1e-9)
    assert apart.certificate()["spend_eur"] == pytest.approx(spend)
    assert apart.certificate()["by_arm"] == {arm: counts[arm] for arm in caps}


def test_the_value_is_within_the_certified_gaps_of_the_one_process_answer(whole: Allocated, apart: Allocated) -> None:
    one, many = whole.certificate(), apart.certificate()
    assert many["expected_net_eur"] == pytest.approx(pc.sum(apart.offers["expected_net_eur"]).as_py(), rel=1e-6)
    assert many["expected_net_eur"] <= one["dual_bound_eur"] * (1 + 1e-5)
    assert one["expected_net_eur"] <= many["dual_bound_eur"] * (1 + 1e-5)
    assert many["expected_net_eur"] >= one["expected_net_eur"] * (1 - many["gap"] - 1e-5)
    assert many["gap"] < 5e-3


def test_every_scored_customer_has_one_row_and_a_reason(whole: Allocated, apart: Allocated) -> None:
    ids = apart.offers["customer_id"].to_pylist()
    assert len(ids) == len(set(ids)) == WORLD.customers
    assert ids == whole.offers["customer_id"].to_pylist()
    assert Counter(apart.offers["reason"].to_pylist()) == apart.certificate()["reasons"]
    assert set(apart.certificate()["reasons"]) == set(whole.certificate()["reasons"])
    assert len(apart.certificate()["reasons"]) == 6, "every reason occurs"


def test_who_may_not_be_offered_anything_and_why_is_the_same_in_parts(whole: Allocated, apart: Allocated) -> None:
    """Consent, fraud limit, holdout and worth do not depend on prices."""
    decided = [r for r in whole.certificate()["reasons"] if not r.startswith(("expected", "budget"))]
    assert len(decided) == 4
    for reason in decided:
        assert apart.certificate()["reasons"][reason] == whole.certificate()["reasons"][reason]
    fraud = [a.offers["fraud_probability"].to_numpy() for a in (whole, apart)]
    assert np.allclose(*fraud, rtol=1e-12)


def test_the_rank_is_over_all_parts_best_first_ties_by_id(apart: Allocated) -> None:
    offered = apart.offers.filter(pc.equal(apart.offers["status"], "offered"))
    ranked = offered.sort_by([("expected_net_eur", "descending"), ("customer_id", "ascending")])
    assert ranked["rank"].to_pylist() == list(range(1, len(offered) + 1))
    euro = ranked["expected_net_eur"].to_pylist()
    assert len(set(euro)) < len(euro), "some are alike, or this proves nothing"


def test_a_customer_in_two_files_is_one_customer_who_is_asked_the_stricter_question(
    whole: Allocated, apart: Allocated
) -> None:
    """Customers whose rows a cut has parted are not among those who stand twice."""
    assert apart.certificate()["customers_twice"] == whole.certificate()["customers_twice"] == len(TWICE)
    assert apart.certificate()["fan_out"]["customers_in_two_parts"] > len(TWICE)
    assert apart.of(TWICE[2])["reason"] == whole.of(TWICE[2])["reason"] == "no consent to be contacted"
    scores = {c: WORLD.rows(c, c + 1)["effect_eur"].to_numpy() for c in WORLD.again}
    campaign = read_campaign(apart.stores.objects, "spring")
    names = [arm.name for arm in campaign.arms]
    for customer, added in WORLD.again.items():
        row = apart.of(f"c{customer:08d}")
        if row["arm"] is not None:
            lowest = scores[customer][names.index(row["arm"])] + min(0.0, added)
            net = lowest - row["cost_eur"] - row["fraud_probability"] * campaign.fraud_loss_eur
            assert row["expected_net_eur"] == pytest.approx(net, abs=1e-5)


def test_a_sample_of_everybody_gives_parts_that_lose_next_to_nothing(tmp_path: Path, whole: Allocated) -> None:
    apart = allocated(home(tmp_path, WORLD), parts=True)
    assert apart.certificate()["fan_out"]["customers_sampled"] > 0.9 * WORLD.customers
    lost = 1 - apart.certificate()["expected_net_eur"] / whole.certificate()["expected_net_eur"]
    assert abs(lost) < 5e-4


def test_the_same_scores_give_the_same_offers_in_another_home(tmp_path: Path) -> None:
    one, two = (allocated(home(tmp_path / name, WORLD), parts=True) for name in ("one", "two"))
    assert one.offers.drop_columns(["run_id"]).equals(two.offers.drop_columns(["run_id"]))
    assert allocate_again(one).state == "already done"


def allocate_again(apart: Allocated) -> Report:
    with environment(pytest.MonkeyPatch(), FAN_OUT_MB=0, PART_ROWS=PART_ROWS):
        return allocate_offers(AllocateOffers(DAY), apart.stores)


def test_every_campaign_has_parts_of_its_own(tmp_path: Path) -> None:
    """One of them without scores: it has none, and no certificate."""
    other = ScoreWorld(customers=2_000, arms=2, files=2, campaign="autumn", cap_share=0.2)
    stores = home(tmp_path, WORLD, other)
    stores.objects.put_if_absent("campaigns/winter.toml", WORLD.toml().replace(b'id = "spring"', b'id = "winter"'))
    apart = allocated(stores, parts=True)
    assert set(apart.report.details["campaigns"]) == {"spring", "autumn"}
    autumn = rows_of(stores, OFFERS, run_date=DAY, campaign_id="autumn")
    assert autumn.num_rows == apart.certificate("autumn")["customers"] == 2_000
    assert apart.offers.num_rows == WORLD.customers
    assert apart.report.rows_out == {"offers": 8_000}


def test_a_night_without_risks_and_without_budget_still_gives_everybody_a_row(tmp_path: Path) -> None:
    broke = ScoreWorld(customers=2_000, budget_share=0.0)
    apart = allocated(home(tmp_path, broke), parts=True)
    assert apart.offers.num_rows == 2_000
    assert apart.certificate()["offered"] == 0
    assert pc.all(pc.is_null(apart.offers["rank"])).as_py()


def test_campaigns_that_share_contacts_and_windows_are_one_problem_in_parts_too(tmp_path: Path) -> None:
    """Their files are cut at other rows: customers who are torn apart are decided anew, with all their scores."""
    at_noon = {0: 'contact_window = "noon"'}
    spring = ScoreWorld(customers=1_200, files=2, group_rows=250, of_arm=at_noon, again={17: 1.0})
    autumn = replace(spring, arms=2, campaign="autumn", level_eur=0.6, again={})
    rules = b'[contacts]\nmost = 1\ndays = 1\n[[windows]]\nname = "noon"\ncapacity = 60\n'
    both: list[tuple[dict[str, Any], pa.Table]] = []
    for parts in (False, True):
        stores = home(tmp_path / str(parts), spring, autumn)
        stores.objects.put_if_absent("rules/night.toml", rules)
        with environment(pytest.MonkeyPatch(), FAN_OUT_MB=0 if parts else 400, PART_ROWS=2_500):
            report = allocate_offers(AllocateOffers(DAY), stores)
        both.append((report.details, rows_of(stores, OFFERS, run_date=DAY)))
    (one, whole), (many, apart) = both
    assert many["campaigns"]["spring"]["fan_out"]["parts"] >= 3
    for details, offers in both:
        offered = offers.filter(pc.equal(offers["status"], "offered"))
        assert max(Counter(offered["customer_id"].to_pylist()).values()) == 1
        assert offered["contact_window"].to_pylist().count("noon") <= 60
        assert details["night"]["expected_net_eur"] == pytest.approx(
            pc.sum(offered["expected_net_eur"]).as_py(), rel=1e-6
        )
    assert apart.num_rows == whole.num_rows == 2_400
    assert many["night"]["expected_net_eur"] <= one["night"]["dual_bound_eur"] * (1 + 1e-5)
    assert one["night"]["expected_net_eur"] <= many["night"]["dual_bound_eur"] * (1 + 1e-5)
    assert many["night"]["gap"] < 0.02
    assert [r["name"] for r in one["night"]["resources"]] == [r["name"] for r in many["night"]["resources"]]
