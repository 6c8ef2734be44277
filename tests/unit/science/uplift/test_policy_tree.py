"""The tree finds whom an arm moves, and its leaves are measured on rows that did not grow it."""

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.policy_rules import EVERYBODY, PolicyRules
from jobs.science.uplift.policy_tree import LEAF_SHARE, grow_rules, judge_rules, rules_policy

ARMS = ("none", "mail", "call")
COST = (0.1, 0.1)


class Drawn:
    """Customers, the truth of two arms, and scores that miss it by noise."""

    def __init__(self, rows: int, seed: int, *, noise: float = 3.0, differ: bool = True) -> None:
        generator = np.random.default_rng(seed)
        recency = generator.integers(1, 13, rows)
        womens = generator.integers(0, 2, rows)
        self.features = {"recency": "number", "womens": "number", "zone": "category"}
        self.rows = pa.table({"recency": recency, "womens": womens, "zone": generator.choice(["a", "b"], rows)})
        moved = (recency <= 6) & (womens == 1) if differ else np.ones(rows, bool)
        self.effect = np.column_stack([np.where(moved, 2.0, -1.0), np.where(recency > 6, 0.5, 0.0) * differ])
        self.lift = self.effect + noise * generator.normal(size=(rows, 2))


def grown(world: Drawn, **words: int) -> tuple[PolicyRules, NDArray[np.float32]]:
    encoder = FeatureEncoder.fit(world.rows, world.features)
    matrix = encoder.transform(world.rows)
    return grow_rules(matrix, world.lift, COST, arms=ARMS, encoder=encoder, **words), matrix


def test_it_finds_the_group_that_the_arm_moves_and_says_it() -> None:
    rules, _ = grown(Drawn(20_000, 0))
    arms = {words: ARMS[a] for words, a in zip(rules.words, rules.arm_of, strict=True)}
    assert arms["recency up to 6 and womens 1"] == "mail"
    assert arms["recency up to 6 and womens 0"] == "none"
    assert arms["recency above 6"] == "call"


def test_leaves_are_measured_on_untouched_rows_and_hold_the_truth() -> None:
    rules, _ = grown(Drawn(20_000, 0))
    fresh = Drawn(20_000, 1)
    matrix = rules.encoder.transform(fresh.rows)
    segment = rules.segment_of(matrix)
    judged = judge_rules(rules, matrix, fresh.lift, COST)
    assert sum(j.rows for j in judged) == 2 * 20_000
    held = [
        j.effect.low
        <= fresh.effect[segment == rules.words.index(j.segment), ARMS.index(j.arm) - 1].mean()
        <= j.effect.high
        for j in judged
    ]
    assert sum(held) >= len(held) - 1
    assert {(j.segment, j.arm) for j in judged if j.chosen} == {
        ("recency up to 6 and womens 1", "mail"),
        ("recency above 6", "call"),
    }


@pytest.mark.long
def test_intervals_of_leaves_hold_the_truth_in_95_of_100() -> None:
    held = []
    for seed in range(300):
        rules, _ = grown(Drawn(3_000, seed))
        fresh = Drawn(3_000, 10_000 + seed)
        matrix = rules.encoder.transform(fresh.rows)
        segment = rules.segment_of(matrix)
        for j in judge_rules(rules, matrix, fresh.lift, COST):
            truth = fresh.effect[segment == rules.words.index(j.segment), ARMS.index(j.arm) - 1].mean()
            # The truth of these very rows varies less than the effect of all customers; only noise is left to err.
            error = 3.0 / np.sqrt(j.rows)
            held.append(abs(j.effect.value - truth) <= 1.96 * error)
            assert j.effect.standard_error >= 0.9 * error
    assert 0.93 <= np.mean(held) <= 0.97


def test_every_leaf_is_large_enough() -> None:
    world = Drawn(10_000, 3, noise=20.0)
    rules, matrix = grown(world, depth=3)
    assert np.bincount(rules.segment_of(matrix)).min() >= LEAF_SHARE * 10_000


def test_neighbours_that_get_the_same_arm_are_one_segment() -> None:
    rules, _ = grown(Drawn(20_000, 0, differ=False, noise=1.0))
    assert rules.words == (EVERYBODY,)
    assert rules.arm_of == (1,)


def test_too_few_rows_and_constant_features_are_one_segment() -> None:
    assert grown(Drawn(150, 0))[0].words == (EVERYBODY,)
    encoder = FeatureEncoder.fit(pa.table({"x": np.ones(5_000)}), {"x": "number"})
    lift = Drawn(5_000, 0).lift
    rules = grow_rules(encoder.transform(pa.table({"x": np.ones(5_000)})), lift, COST, arms=ARMS, encoder=encoder)
    assert rules.words == (EVERYBODY,)


def test_an_arm_that_costs_more_than_it_brings_goes_to_nobody() -> None:
    world = Drawn(20_000, 0)
    encoder = FeatureEncoder.fit(world.rows, world.features)
    rules = grow_rules(encoder.transform(world.rows), world.lift, (9.0, 9.0), arms=ARMS, encoder=encoder)
    assert (rules.words, rules.arm_of) == ((EVERYBODY,), (0,))
    assert not any(j.chosen for j in judge_rules(rules, encoder.transform(world.rows), world.lift, (9.0, 9.0)))


def test_copies_in_one_cluster_make_a_leaf_no_surer() -> None:
    world = Drawn(2_000, 5)
    rules, matrix = grown(world)
    twice = np.repeat(np.arange(2_000), 2)
    alone = judge_rules(rules, matrix, world.lift, COST)
    copied = judge_rules(rules, matrix[twice], world.lift[twice], COST, cluster=twice)
    for one, two in zip(alone, copied, strict=True):
        assert two.effect.standard_error == pytest.approx(one.effect.standard_error, rel=0.02)


def test_the_rules_are_a_policy_too() -> None:
    rules, matrix = grown(Drawn(20_000, 0))
    policy = rules_policy(rules, matrix)
    assert policy.sum(axis=1).tolist() == [1.0] * 20_000
    assert np.argmax(policy, axis=1).tolist() == np.array(rules.arm_of)[rules.segment_of(matrix)].tolist()


def test_the_same_seed_grows_the_same_rules() -> None:
    world = Drawn(5_000, 7)
    assert grown(world)[0] == grown(world)[0]
