"""A night's explorers, two campaigns under one contact, draw as often as the propensities say that are logged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

from jobs.allocate_offers.exploring import drawn, scale_eur
from jobs.allocate_offers.scored import SCORE_COLUMNS
from jobs.allocate_offers.setting import Setting
from jobs.allocate_offers.together import Together, together
from jobs.runtime.campaign import read_campaign
from jobs.runtime.house_rules import Contacts, HouseRules
from jobs.science.offers.solve import solve
from jobs.storage.tables import read_whole
from jobs.tables.outputs import UPLIFT_SCORES
from tests.unit.allocate_offers.score_world import DAY, ScoreWorld, home

SPRING = ScoreWorld(customers=60, arms=2, files=1, cap_share=0.5, more="[exploration]\ntemperature = 1.0\n")
AUTUMN = replace(SPRING, campaign="autumn", arms=3, level_eur=0.9)


def night(folder: Path) -> Together:
    stores = home(folder, SPRING, AUTUMN)
    ids = ("autumn", "spring")
    setting = Setting(
        run_date=DAY,
        campaigns=tuple(read_campaign(stores.objects, c) for c in ids),
        rules=HouseRules(contacts=Contacts(most=1, days=1)),
        policy_version={},
        mean_risk=0.0,
        partners={},
        certainty={},
    )
    where = [{"run_date": DAY, "campaign_id": c} for c in ids]
    rows = [read_whole(stores.tables, UPLIFT_SCORES, w, SCORE_COLUMNS) for w in where]
    return together(setting, dict(zip(ids, rows, strict=True)), stores)


@pytest.mark.parametrize("draws", [200, pytest.param(2_000, marks=pytest.mark.long)])
def test_frequencies_of_draws_agree_with_what_is_logged(tmp_path: Path, draws: int) -> None:
    known = night(tmp_path)
    price = solve(known.setting.menu, known.pairs(), seed=1).price_eur
    unit = scale_eur(known.value, known.allowed)
    seen = np.zeros(known.value.shape)
    for seed in range(draws):
        chance = drawn(known, price, unit, seed)
        assert chance is not None
        assert ((chance.arm >= 0).sum(axis=1) <= 1).all()
        i, c = np.nonzero(chance.arm >= 0)
        np.add.at(seen, (chance.row[i], chance.arm[i, c]), 1)
    p, hits = chance.propensities, seen[chance.row]
    assert hits[p == 0].sum() == 0
    often = p * draws > 5
    assert often.sum() > 100
    z = (hits - p * draws)[often] / np.sqrt(draws * p * (1 - p))[often]
    assert chi2.sf(float((z**2).sum()), int(often.sum())) > 1e-3
    assert np.abs(z).max() < 5
