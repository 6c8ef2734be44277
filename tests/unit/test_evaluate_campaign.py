"""evaluate-policy --campaign: explorers of logged nights tell what another campaign file or model would have earned."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from jobs import cli
from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.errors import BadCampaign, BadFile, BadRequest, BadSchema, BadTrial, NetliftError, NoInput, UnknownModel
from jobs.evaluate_campaign import EvaluateCampaign, evaluate_campaign
from jobs.runtime.campaign import parse_campaign
from jobs.runtime.stores import Stores
from jobs.score_uplift import ScoreUplift, score_uplift
from jobs.tables.outputs import OFFERS
from tests.trained import CAMPAIGN, folder_of, rows_of
from tests.trained import DAY as TRAINED_DAY
from tests.unit.allocate_offers.score_world import DAY, ScoreWorld, fill, home

WORLD = ScoreWorld(
    customers=3_000, arms=2, files=2, cap_share=0.5, more="[exploration]\nshare = 0.5\ntemperature = 1.0\n"
)
RICHER = replace(WORLD, budget_share=0.6, more="")
BASE_EUR = 2.0
"""What a customer earns us without an offer."""


@dataclass(frozen=True)
class Logged:
    """A night on which some customers explored, what came of it, and what is true of each customer."""

    stores: Stores
    outcomes: Path
    other: Path
    effect: dict[tuple[str, str], float]


def effects(world: ScoreWorld) -> dict[tuple[str, str], float]:
    rows = world.rows(0, world.customers)
    pairs = zip(rows["customer_id"].to_pylist(), rows["arm"].to_pylist(), strict=True)
    return dict(zip(pairs, rows["effect_eur"].to_pylist(), strict=True))


def write_outcomes(stores: Stores, effect: dict[tuple[str, str], float], path: Path, **more: Any) -> None:
    """The scores are the truth of this world: an offer adds what they say, and chance."""
    rows = rows_of(stores, OFFERS, run_date=DAY).to_pylist()
    noise = np.random.default_rng(3).normal(size=len(rows))
    gained = [effect.get((r["customer_id"], r["arm"]), 0.0) for r in rows]
    table = {"customer_id": [r["customer_id"] for r in rows], "outcome": BASE_EUR + np.array(gained) + noise}
    pq.write_table(pa.table(table | more), path)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Logged:
    folder = tmp_path_factory.mktemp("night")
    stores = home(folder / "home", WORLD)
    allocate_offers(AllocateOffers(DAY), stores)
    write_outcomes(stores, effects(WORLD), folder / "outcomes.parquet")
    (folder / "richer.toml").write_bytes(RICHER.toml())
    return Logged(stores, folder / "outcomes.parquet", folder / "richer.toml", effects(WORLD))


def ask(night: Logged, **changes: Any) -> EvaluateCampaign:
    return EvaluateCampaign(**{"campaign": "spring", "from_date": DAY, "outcomes": night.outcomes,
                               "with_file": night.other} | changes)  # fmt: skip


def test_what_another_file_would_have_earned_is_what_it_earns_where_it_is_at_work(
    night: Logged, tmp_path: Path
) -> None:
    found = evaluate_campaign(ask(night), night.stores)
    at_work = home(tmp_path, RICHER)
    allocate_offers(AllocateOffers(DAY), at_work)
    given = {r["customer_id"]: r["arm"] for r in rows_of(at_work, OFFERS, run_date=DAY).to_pylist()}
    cost = {arm.name: arm.contact_cost_eur for arm in parse_campaign(RICHER.toml().decode(), "x").arms}
    explorers = [
        r["customer_id"]
        for r in rows_of(night.stores, OFFERS, run_date=DAY, assignment="exploration").to_pylist()
        if not r["repaired"]
    ]
    truth = np.mean([BASE_EUR + night.effect.get((c, given[c]), 0.0) - cost.get(given[c], 0.0) for c in explorers])
    for key in ("ips", "snips", "dr"):
        error = (found[key]["high"] - found[key]["low"]) / 3.92
        assert found[key]["value"] == pytest.approx(truth, abs=3.5 * error)
    assert found["gain"]["low"] > 0
    assert found["rows"]["used"] == len(explorers)
    assert found["overlap"]["supported_share"] == 1.0
    assert found["nights"] == [str(DAY)]


def test_the_same_file_again_is_judged_too_and_names_itself(
    night: Logged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "spring.toml"
    file.write_bytes(WORLD.toml())
    monkeypatch.setenv("NETLIFT_HOME", str(folder_of(night.stores)))
    words = ["evaluate-policy", "--campaign", "spring", "--from-date", str(DAY), "--outcomes", str(night.outcomes)]
    assert cli.main([*words, "--with-file", str(file)]) == 0
    said = capsys.readouterr().out
    assert "spring.toml" in said.splitlines()[0].lower()
    assert all(len(line) <= 100 for line in said.splitlines())
    assert cli.main([*words, "--with-file", str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [arm["arm"] for arm in answer["arms"]] == ["none", "arm-0", "arm-1"]


def test_nights_are_judged_together_by_customer(tmp_path: Path) -> None:
    stores = home(tmp_path / "home", replace(WORLD, customers=800))
    fill(replace(WORLD, customers=800), stores, risk=False, day=DAY + timedelta(days=1))
    for day in (DAY, DAY + timedelta(days=1)):
        allocate_offers(AllocateOffers(day), stores)
    rows = rows_of(stores, OFFERS, assignment="exploration")
    outcomes = rows.select(["customer_id", "run_date"]).append_column("outcome", pa.array(np.ones(rows.num_rows)))
    pacsv.write_csv(outcomes, tmp_path / "outcomes.csv")
    (tmp_path / "richer.toml").write_bytes(replace(RICHER, customers=800).toml())
    asked = EvaluateCampaign(
        campaign="spring",
        from_date=DAY,
        outcomes=tmp_path / "outcomes.csv",
        to_date=DAY + timedelta(days=1),
        with_file=tmp_path / "richer.toml",
    )
    found = evaluate_campaign(asked, stores)
    assert len(found["nights"]) == 2
    assert found["clusters"] < found["rows"]["used"]
    pacsv.write_csv(outcomes.drop_columns(["run_date"]), tmp_path / "outcomes.csv")
    with pytest.raises(BadSchema, match="no column 'run_date'"):
        evaluate_campaign(asked, stores)


def test_another_model_is_asked_again_about_the_customers_of_that_night(
    copy_home: Callable[[], Stores], tmp_path: Path
) -> None:
    """The champion asked again says what it said in the night, so that the answer is that of the same file."""
    stores = copy_home()
    file = folder_of(stores) / f"campaigns/{CAMPAIGN}.toml"
    text = file.read_text()
    file.write_text(text + "\n[exploration]\nshare = 0.4\ntemperature = 0.3\n")
    score_uplift(ScoreUplift(TRAINED_DAY, CAMPAIGN, threads=1), stores)
    allocate_offers(AllocateOffers(TRAINED_DAY), stores)
    rows = rows_of(stores, OFFERS, run_date=TRAINED_DAY, assignment="exploration")
    r = np.random.default_rng(1)
    pq.write_table(
        pa.table({"customer_id": rows["customer_id"], "outcome": r.normal(size=rows.num_rows)}), tmp_path / "o.parquet"
    )
    asked = EvaluateCampaign(
        campaign=CAMPAIGN, from_date=TRAINED_DAY, outcomes=tmp_path / "o.parquet", least_rows=2, with_file=file
    )
    same = evaluate_campaign(asked, stores)
    version = stores.models.champion(f"uplift-{CAMPAIGN}")
    again = evaluate_campaign(replace(asked, with_file=None, with_model=version), stores)
    assert again["policy"] == f"model {version}"
    assert {k: v for k, v in again.items() if k != "policy"} == {k: v for k, v in same.items() if k != "policy"}
    with pytest.raises(UnknownModel):
        evaluate_campaign(replace(asked, with_model="v9"), stores)


OF_CATALOGUE = re.sub(', offer = "[^"]*"', "", RICHER.toml().decode()) + "\n[candidates]\n"


@pytest.mark.parametrize(
    ("changes", "file", "error", "says"),
    [
        ({"with_file": None}, "", BadRequest, "neither --with-file nor --with-model"),
        ({"from_date": DAY - timedelta(days=3)}, "", NoInput, "nobody explored in spring from"),
        ({"to_date": DAY - timedelta(days=3)}, "", BadRequest, "is before --from-date"),
        ({"with_file": Path("none.toml")}, "", BadFile, "none.toml cannot be read"),
        ({}, "id = 3", BadCampaign, "other.toml, field 'id'"),
        ({}, replace(RICHER, campaign="autumn").toml().decode(), BadRequest, "is of campaign 'autumn'"),
        ({}, OF_CATALOGUE, BadRequest, "campaign 'spring' chose from a catalogue that night"),
        ({"least_rows": 1e6}, "", BadTrial, "overlap is too thin"),
    ],
)
def test_what_cannot_be_judged_is_one_sentence(
    night: Logged, tmp_path: Path, changes: dict[str, Any], file: str, error: type[NetliftError], says: str
) -> None:
    if file:
        (tmp_path / "other.toml").write_text(file)
        changes = {"with_file": tmp_path / "other.toml"} | changes
    if changes.get("to_date") is None and changes.get("from_date"):
        changes = {"to_date": changes["from_date"]} | changes
    with pytest.raises(error, match=says):
        evaluate_campaign(ask(night, **changes), night.stores)


def test_an_outcome_twice_is_named(night: Logged, tmp_path: Path) -> None:
    pq.write_table(pa.table({"customer_id": ["a", "b", "a"], "outcome": [1.0, 2.0, 3.0]}), tmp_path / "o.parquet")
    with pytest.raises(BadRequest, match=r"o\.parquet, row 3: customer 'a' has an outcome already"):
        evaluate_campaign(ask(night, outcomes=tmp_path / "o.parquet"), night.stores)


def test_a_night_whose_limits_took_back_many_draws_is_refused(tmp_path: Path) -> None:
    """Explorers so many and so warm that they alone want more than the budget."""
    warm = replace(WORLD, customers=1_000, budget_share=0.05, more="[exploration]\ntemperature = 3.0\n")
    stores = home(tmp_path / "home", warm)
    allocate_offers(AllocateOffers(DAY), stores)
    write_outcomes(stores, {}, tmp_path / "o.parquet")
    (tmp_path / "richer.toml").write_bytes(replace(RICHER, customers=1_000).toml())
    with pytest.raises(BadTrial, match=r"limits changed \d+\.\d% of the draws, so that those left are not what was"):
        evaluate_campaign(
            EvaluateCampaign(
                campaign="spring", from_date=DAY, outcomes=tmp_path / "o.parquet", with_file=tmp_path / "richer.toml"
            ),
            stores,
        )
