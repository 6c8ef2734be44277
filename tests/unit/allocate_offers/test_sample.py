"""A sample is of whole customers, from all files, the same for the same seed, and as large as it says."""

from pathlib import Path

import numpy as np
import pytest

from jobs.allocate_offers import sample as sampling
from jobs.allocate_offers.sample import Sample, sample
from jobs.allocate_offers.scored import Scored, scored
from jobs.runtime.campaign import parse_campaign
from jobs.runtime.stores import Stores
from jobs.tables.outputs import UPLIFT_SCORES
from tests.unit.allocate_offers.score_world import ScoreWorld, home

WORLD = ScoreWorld(customers=8_000, arms=3, files=4, group_rows=500)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    return home(tmp_path_factory.mktemp("scores"), WORLD)


def draw(stores: Stores, seed: int = 1, part_rows: int = 100) -> Sample:
    drawn = sample({"spring": stores.tables.files(UPLIFT_SCORES)}, part_rows, seed, stores)
    assert drawn is not None
    return drawn


def numbers(drawn: Sample) -> np.ndarray:
    return np.array([int(name[1:]) for name in laid_out(drawn).customer_id.to_pylist()])


def laid_out(drawn: Sample) -> Scored:
    return scored(parse_campaign(WORLD.toml().decode(), "spring"), drawn.rows["spring"])


def test_of_few_rows_all_customers_are_taken(stores: Stores) -> None:
    drawn = draw(stores, part_rows=24_000)
    assert (len(numbers(drawn)), drawn.share) == (WORLD.customers, 1.0)


def test_customers_are_whole_and_none_is_drawn_twice(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups of 500 rows end within a customer of three; an arm that was cut off would have no effect."""
    monkeypatch.setattr(sampling, "FROM_A_GROUP", 100)
    drawn = draw(stores)
    who = numbers(drawn)
    assert len(who) == len(set(who)) > 3_000
    for place in range(0, len(who), 97):
        assert (
            laid_out(drawn).effect_eur[place].tolist()
            == WORLD.rows(who[place], who[place] + 1)["effect_eur"].to_pylist()
        )


def test_it_is_spread_over_all_files_and_as_large_as_its_share_says(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "CUSTOMERS", 600)
    monkeypatch.setattr(sampling, "FROM_A_GROUP", 50)
    drawn = draw(stores)
    assert len(numbers(drawn)) == 600
    assert drawn.share == pytest.approx(600 / WORLD.customers, rel=1e-9)
    assert set(numbers(drawn) // 2_000) == {0, 1, 2, 3}


def test_it_has_no_more_rows_than_a_part(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its memory is that of laying out its rows; so few customers that prices would be poor are not taken for it."""
    monkeypatch.setattr(sampling, "LEAST_CUSTOMERS", 100)
    monkeypatch.setattr(sampling, "FROM_A_GROUP", 70)
    drawn = draw(stores, part_rows=1_500)
    assert drawn.rows["spring"].num_rows == 1_500
    assert drawn.share == pytest.approx(500 / WORLD.customers, rel=0.01)
    assert len(numbers(draw(stores, part_rows=30))) == 100


def test_the_seed_decides(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "CUSTOMERS", 300)
    monkeypatch.setattr(sampling, "FROM_A_GROUP", 30)
    one, same, other = (numbers(draw(stores, seed)).tolist() for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_without_files_there_is_no_sample(stores: Stores) -> None:
    assert sample({"spring": []}, 100, 1, stores) is None


def test_the_mean_effect_of_a_sample_is_that_of_all(stores: Stores, tmp_path: Path) -> None:
    everybody = WORLD.rows(0, WORLD.customers)["effect_eur"].to_numpy()
    drawn = laid_out(draw(stores)).effect_eur
    error = everybody.std() / np.sqrt(drawn.size / WORLD.arms)
    assert drawn.mean() == pytest.approx(everybody.mean(), abs=4 * error)
