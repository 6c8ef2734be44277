"""A profile survives JSON exactly, merges exactly, and refuses what is not one."""

import json

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest, BadSchema
from jobs.science.drift.bins import CategoryBins, NumberBins
from jobs.science.drift.profile import SCORE, Profile, bins_of, profile_of


def training(rows: int = 2_000, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "amount": pa.array(rng.lognormal(3, 1, rows), type=pa.float32()),
            "constant": np.full(rows, 4.2),
            "empty": pa.nulls(rows, pa.float64()),
            "channel": rng.choice([f"c{i}" for i in range(30)], rows),
            SCORE: rng.beta(1, 50, rows),
        }
    )


def test_json_keeps_every_edge_and_count() -> None:
    profile = profile_of(training())
    assert Profile.from_dict(json.loads(json.dumps(profile.to_dict()))) == profile


def test_numbers_strings_and_scores_each_have_bins_that_fit() -> None:
    profile = profile_of(training())
    assert isinstance(profile.variables["channel"].bins, CategoryBins)
    assert profile.variables["channel"].bins.size == 21
    assert profile.variables["empty"].counts.missing_share == 1
    score = profile.variables[SCORE]
    assert isinstance(score.bins, NumberBins)
    assert min(score.counts.bins) >= 199
    assert max(score.counts.bins) <= 201


def test_profiles_of_two_halves_merge_to_the_profile_of_all() -> None:
    table = training()
    bins = bins_of(table)
    first, second = Profile.of([table.slice(0, 700)], bins), Profile.of([table.slice(700)], bins)
    assert first.merge(second) == Profile.of([table], bins)


def test_batches_are_read_once() -> None:
    table = training(100)
    once = (table.slice(i, 10) for i in range(0, 100, 10))
    assert Profile.of(once, bins_of(table)) == profile_of(table)


def test_only_the_named_columns_are_profiled() -> None:
    assert list(profile_of(training(50), ["channel", "amount"]).variables) == ["channel", "amount"]
    with pytest.raises(BadSchema, match="'income' is missing"):
        profile_of(training(50), ["income"])


def test_a_column_that_is_neither_number_nor_string_is_named() -> None:
    with pytest.raises(BadSchema, match="column 'day': values are date32"):
        profile_of(pa.table({"day": pa.array([1], pa.date32())}))


def test_profiles_with_other_bins_do_not_merge() -> None:
    with pytest.raises(BadRequest, match="different bins"):
        profile_of(training(50)).merge(profile_of(training(50, seed=1)))


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"format": 2, "variables": {}},
        {"format": 1},
        {"format": 1, "variables": {"a": {"type": "picture"}}},
        {"format": 1, "variables": {"a": {"type": "number", "edges": [1], "counts": [1], "missing": 0}}},
        {"format": 1, "variables": {"a": {"type": "number", "edges": [1], "counts": [1, -1], "missing": 0}}},
        {"format": 1, "variables": {"a": {"type": "number", "edges": ["x"], "counts": [1, 1], "missing": 0}}},
        {"format": 1, "variables": ["a"]},
    ],
)
def test_a_broken_profile_is_refused_in_one_sentence(broken: dict[str, object]) -> None:
    with pytest.raises(BadRequest, match="train again"):
        Profile.from_dict(broken)
