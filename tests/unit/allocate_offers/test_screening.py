"""Who may be offered what: segments, effects negative beyond doubt, least value, ends of offers, bad scores."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.allocate_offers.scored import scored
from jobs.errors import BadCampaign, BadRows
from jobs.runtime.campaign import parse_campaign
from jobs.runtime.stores import Stores
from jobs.science.offers.certainty import Certainty
from jobs.tables.outputs import CUSTOMER_SEGMENTS, OFFERS
from tests.trained import rows_of
from tests.unit.allocate_offers.score_world import DAY, ScoreWorld, home, put

WORLD = ScoreWorld(customers=400, files=1, budget_share=0.5, cap_share=0.5)


def night(stores: Stores) -> list[dict[str, Any]]:
    allocate_offers(AllocateOffers(DAY), stores)
    return rows_of(stores, OFFERS, run_date=DAY).to_pylist()


def judged(slope: float) -> dict[str, Any]:
    """Return the card of a model whose first three arms have a mean effect of .4 euro, with errors."""
    return {
        "verdict": {"kind": "personalise"},
        "arms": [
            {
                "arm": f"arm-{a}",
                "effect_eur": {"value": 0.4, "low": 0.4 - 1.96 * 0.4, "high": 0.4 + 1.96 * 0.4},
                "slope": {"value": slope, "low": slope - 1.96 * 0.2, "high": slope + 1.96 * 0.2},
            }
            for a in range(3)
        ],
    }


@pytest.mark.parametrize(
    ("rule", "inside"),
    [
        ('only_segments = ["loyal"]\n', {"loyal"}),
        ('not_segments = ["loyal"]\n', {"new", None}),
        ("", {"loyal", "new", None}),
    ],
)
def test_only_customers_of_the_campaign_s_segments_get_offers(tmp_path: Path, rule: str, inside: set[Any]) -> None:
    stores = home(tmp_path, replace(WORLD, more=rule))
    names = ["loyal" if i % 2 else "new" for i in range(300)]
    put(
        stores,
        CUSTOMER_SEGMENTS,
        DAY,
        customer_id=[f"c{i:08d}" for i in range(300)],
        segment_name=names,
    )
    rows = night(stores)
    assert {row["segment"] for row in rows if row["status"] == "offered"} == inside
    assert {row["segment"] for row in rows} == {"loyal", "new", None}
    told = {row["segment"] for row in rows if row["reason"] == "in no segment that the campaign is for"}
    assert told == {"loyal", "new", None} - inside


def test_no_offer_below_the_least_value_not_even_for_a_minimum(tmp_path: Path) -> None:
    rows = night(home(tmp_path, replace(WORLD, more="minimum_value_eur = 1.0\n", of_arm={0: "minimum = 20"})))
    offered = [row for row in rows if row["status"] == "offered"]
    assert min(row["expected_net_eur"] for row in offered) >= 1.0
    assert Counter(row["arm"] for row in offered)["arm-0"] >= 20
    assert "no offer is expected to bring the 1 euro that the campaign asks for" in {row["reason"] for row in rows}


def test_an_effect_that_is_negative_beyond_doubt_is_never_offered_not_even_for_a_minimum(tmp_path: Path) -> None:
    world = replace(WORLD, level_eur=-1.0, cap_share=1.0, budget_share=2.0, of_arm={0: "minimum = 120"})
    stores, doubtful = home(tmp_path / "sure", replace(world, card=judged(1.0))), home(tmp_path / "unsure", world)
    effect = world.rows(0, world.customers)["effect_eur"].to_numpy().reshape(-1, 4)
    sure = Certainty(0.4, 0.4, 1.0, 0.2).negative_beyond_doubt(effect[:, 0])
    assert 100 < sure.sum() < 280
    rows, before = night(stores), night(doubtful)
    at = [int(row["customer_id"][1:]) for row in rows if row["arm"] == "arm-0"]
    assert len(at) >= 120
    assert not sure[at].any()
    without = [int(row["customer_id"][1:]) for row in before if row["arm"] == "arm-0"]
    assert len(without) >= 120


def test_an_offer_says_how_sure_it_is_where_the_card_does(tmp_path: Path) -> None:
    stores = home(tmp_path, replace(WORLD, card=judged(0.5)))
    offered = [row for row in night(stores) if row["status"] == "offered"]
    sure = Certainty(0.4, 0.4, 0.5, 0.2)
    effect = WORLD.rows(0, WORLD.customers)["effect_eur"].to_numpy().reshape(-1, 4)
    for row in offered:
        arm = int(row["arm"][-1])
        if arm == 3:  # of which the card says nothing
            assert (row["expected_net_low_eur"], row["expected_net_high_eur"]) == (None, None)
            continue
        half = float(sure.half_width_eur(effect[int(row["customer_id"][1:]), arm]))
        assert row["expected_net_high_eur"] - row["expected_net_eur"] == pytest.approx(half, rel=1e-3)
        assert row["expected_net_eur"] - row["expected_net_low_eur"] == pytest.approx(half, rel=1e-3)
    assert {row["arm"] for row in offered} >= {"arm-0", "arm-3"}


def test_an_offer_ends_with_its_arm_or_after_the_campaign_s_days(tmp_path: Path) -> None:
    until = DAY + timedelta(days=3)
    rows = night(home(tmp_path, replace(WORLD, more="expiry_days = 7\n", of_arm={0: f"expires_on = {until}"})))
    ends = {(row["arm"], row["expires_on"]) for row in rows}
    week = DAY + timedelta(days=7)
    assert ends == {("arm-0", until), *((f"arm-{a}", week) for a in (1, 2, 3)), (None, None)}


@pytest.mark.parametrize("parts", [False, True])
def test_an_expired_offer_is_named_and_the_last_list_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: bool
) -> None:
    monkeypatch.setenv("NETLIFT_FAN_OUT_MB", "0" if parts else "400")
    stores = home(tmp_path, WORLD)
    before = night(stores)
    (tmp_path / "campaigns/spring.toml").write_bytes(replace(WORLD, of_arm={1: f"expires_on = {DAY}"}).toml())
    with pytest.raises(BadCampaign, match=f"arm 'arm-1': expires_on {DAY} is not after the night of {DAY}"):
        night(stores)
    assert rows_of(stores, OFFERS, run_date=DAY).to_pylist() == before


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_named_with_its_customer_and_arm(wrong: float) -> None:
    rows = WORLD.rows(0, 5)
    effect = rows["effect_eur"].to_numpy().copy()
    effect[6] = wrong
    rows = rows.set_column(rows.column_names.index("effect_eur"), "effect_eur", pa.array(effect))
    with pytest.raises(BadRows, match=f"customer 'c00000001', arm 'arm-2': effect_eur == {wrong}, must be finite"):
        scored(parse_campaign(WORLD.toml().decode(), "f"), rows)


def test_every_row_says_how_it_was_decided(tmp_path: Path) -> None:
    rows = night(home(tmp_path, WORLD))
    assert {row["assignment"] for row in rows} == {"treatment", "holdout"}
    assert {row["status"] for row in rows if row["assignment"] == "holdout"} == {"holdout"}
    assert {row["propensity"] for row in rows} == {1.0}
    assert {row["propensities"] for row in rows} == {None}
    assert {row["consent"] for row in rows} == {True, False}
    [policy] = {row["policy_version"] for row in rows}
    assert len(policy) == 12
