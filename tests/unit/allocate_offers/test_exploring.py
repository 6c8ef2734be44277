"""Explorers: drawn, logged with exact propensities, the same in parts and whole, and no limit broken by them."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.nightly.limits import allocation_sentences
from jobs.runtime.layout import HOUSE_RULES_KEY
from jobs.science.experiment.holdout import in_holdout
from jobs.tables.outputs import OFFERS
from tests.trained import rows_of
from tests.unit.allocate_offers.score_world import DAY, ScoreWorld, home

SHARE = "[exploration]\nshare = 0.2\ntemperature = 0.5\n"
WORLD = ScoreWorld(customers=1_500, files=2, budget_share=0.3, cap_share=0.1, more=SHARE)
Run = Callable[..., tuple[dict[str, Any], list[dict[str, Any]]]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    def allocated(
        *worlds: ScoreWorld, parts: bool = False, rules: str = ""
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        stores = home(tmp_path / str(len(list(tmp_path.iterdir()))), *worlds)
        if rules:
            stores.objects.put_if_absent(HOUSE_RULES_KEY, rules.encode())
        monkeypatch.setenv("NETLIFT_FAN_OUT_MB", "0" if parts else "400")
        monkeypatch.setenv("NETLIFT_PART_ROWS", "2000")
        details = allocate_offers(AllocateOffers(DAY), stores).details
        return details, rows_of(stores, OFFERS, run_date=DAY).to_pylist()

    return allocated


def explored(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["assignment"] == "exploration"]


@pytest.mark.parametrize("parts", [False, True])
def test_draws_are_logged_with_their_propensities_and_break_no_limit(run: Run, parts: bool) -> None:
    details, rows = run(WORLD, parts=parts)
    drawn = explored(rows)
    eligible = [r for r in rows if r["assignment"] != "holdout" and not r["reason"].startswith(("no consent", "fraud"))]
    assert 0.15 < len(drawn) / len(eligible) < 0.25
    assert details["night"]["exploration"]["customers"] == len(drawn)
    for row in drawn:
        logged = json.loads(row["propensities"])
        assert sum(logged.values()) == pytest.approx(1.0, abs=1e-9)
        assert set(logged) <= {"none", "arm-0", "arm-1", "arm-2", "arm-3"}
        if not row["repaired"]:
            assert row["propensity"] == pytest.approx(logged[row["arm"] or "none"])
        assert row["reason"].startswith("drawn by chance")
    assert {row["propensity"] for row in rows if row["assignment"] != "exploration"} == {1.0}
    counts = Counter(row["arm"] for row in rows if row["status"] == "offered")
    assert max(counts[f"arm-{a}"] for a in range(3)) <= 150
    assert sum(row["cost_eur"] or 0.0 for row in rows) <= 0.6 * 0.3 * 1_500 + 1e-9
    night = details["night"]
    assert night["exploration"]["cost_eur"] > 0
    offered = sum(row["expected_net_eur"] for row in rows if row["status"] == "offered")
    assert night["expected_net_eur"] == pytest.approx(offered, rel=1e-6)
    assert night["expected_net_eur"] <= night["dual_bound_eur"] * (1 + 1e-6)
    assert "customers got what chance drew" in allocation_sentences(night, {})[-1]


def test_nobody_of_the_holdout_explores(run: Run) -> None:
    _, rows = run(WORLD)
    ids = [row["customer_id"] for row in rows]
    member = dict(zip(ids, in_holdout(ids, "spring", 0.1), strict=True))
    assert not any(member[row["customer_id"]] for row in explored(rows))


def test_who_explores_is_the_same_whole_and_in_parts(run: Run) -> None:
    """And what they may get is; the prices, and so the propensities, are those of the sample or of all."""
    one, two = ({r["customer_id"]: r for r in explored(run(WORLD, parts=parts)[1])} for parts in (False, True))
    assert set(one) == set(two)
    for customer, row in one.items():
        logged, again = (json.loads(r["propensities"]) for r in (row, two[customer]))
        assert set(logged) == set(again)
        assert max(abs(logged[name] - again[name]) for name in logged) < 0.05


def test_draws_agree_with_what_is_logged(run: Run) -> None:
    """Of all explorers together each arm is drawn about as often as the propensities add up to."""
    _, rows = run(replace(WORLD, budget_share=5.0, cap_share=1.0, more=SHARE.replace("0.2", "1.0")))
    drawn = explored(rows)
    assert not any(row["repaired"] for row in drawn)
    logged = [json.loads(row["propensities"]) for row in drawn]
    for name in ("none", "arm-0", "arm-1", "arm-2", "arm-3"):
        chance = np.array([row.get(name, 0.0) for row in logged])
        times = sum((row["arm"] or "none") == name for row in drawn)
        error = float(np.sqrt((chance * (1 - chance)).sum()))
        assert abs(times - chance.sum()) < 4 * error, name


@pytest.mark.parametrize("parts", [False, True])
def test_explorers_of_two_campaigns_keep_to_the_contacts_that_the_house_allows(run: Run, parts: bool) -> None:
    spring = replace(WORLD, customers=600, more=SHARE.replace("0.2", "0.5"))
    autumn = replace(spring, campaign="autumn", arms=2)
    _, rows = run(spring, autumn, parts=parts, rules="[contacts]\nmost = 1\ndays = 1\n")
    contacts = Counter(row["customer_id"] for row in rows if row["status"] == "offered")
    assert set(contacts.values()) == {1}
    assert {row["campaign_id"] for row in explored(rows) if row["status"] == "offered"} == {"spring", "autumn"}
