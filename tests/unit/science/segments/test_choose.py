"""As many segments as were planted; where none were, none are claimed, however skewed or correlated the customers."""

import numpy as np
import pytest

from jobs.science.segments.agreement import adjusted_rand_index
from jobs.science.segments.choose import Bars, choose_number
from jobs.science.segments.kmeans import fit_centres, nearest

WITHOUT_STRUCTURE = {
    "round": lambda z: z,
    "correlated": lambda z: z @ np.linalg.cholesky(0.7 + 0.3 * np.eye(4)).T,
    "skewed": lambda z: np.exp(0.5 * z @ np.linalg.cholesky(0.5 + 0.5 * np.eye(4)).T),
    "even": lambda z: np.argsort(np.argsort(z, axis=0), axis=0) / len(z),
    "heavy-tailed": lambda z: np.clip(z / np.sqrt((z[:, :1] ** 2 + z[:, 1:2] ** 2) / 2 + 0.2), -4, 4),
}


def _number(x: np.ndarray, seed: int) -> int:
    return choose_number(x, np.random.default_rng(seed), most=6, samples=4, draws=9, bars=Bars())[0]


def _claims(seeds: int, rows: int) -> list[tuple[str, int]]:
    kinds = list(WITHOUT_STRUCTURE)
    worlds = [(kinds[seed % len(kinds)], seed) for seed in range(seeds)]
    return [
        (kind, seed)
        for kind, seed in worlds
        if _number(WITHOUT_STRUCTURE[kind](np.random.default_rng(seed).normal(size=(rows, 4))), seed) > 1
    ]


def test_of_40_worlds_without_structure_hardly_one_is_said_to_have_any():
    assert len(_claims(40, 400)) <= 1


@pytest.mark.long
def test_of_200_worlds_without_structure_hardly_any_is_said_to_have_one():
    assert len(_claims(200, 1_000)) <= 4


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_planted_segments_are_counted_and_found(k):
    r = np.random.default_rng(k)
    planted = 6 * np.eye(5)[:k]
    truth = r.integers(k, size=600)
    x = planted[truth] + r.normal(size=(600, 5))
    assert _number(x, k) == k
    assert adjusted_rand_index(truth, nearest(x, fit_centres(x, k, r))) > 0.9


def test_a_segment_smaller_than_the_bar_is_not_believed():
    r = np.random.default_rng(11)
    x = np.vstack([r.normal(size=(990, 3)), r.normal(size=(10, 3)) + 9])
    number, candidates = choose_number(x, r, most=2, samples=4, draws=9, bars=Bars(share=0.02))
    assert number == 1
    assert not candidates[0].believed
    assert candidates[0].smallest < 0.02


def test_agreement_is_not_measured_where_the_customers_lie_no_closer():
    x = np.random.default_rng(12).normal(size=(300, 3))
    _, candidates = choose_number(x, np.random.default_rng(1), most=3, samples=4, draws=9, bars=Bars())
    assert [c.agreement for c in candidates] == [None, None]
