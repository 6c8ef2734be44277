"""Card precision: once a day, by the highest score, and who is found leaves."""

import numpy as np
import pytest

from jobs.errors import BadRequest, BadRows
from jobs.science.fraud.cards import CardQueue, card_precision


def test_a_card_counts_once_a_day_with_its_highest_score_and_leaves_when_found():
    day = [1, 1, 1, 1, 2, 2, 2]
    card = ["a", "a", "b", "c", "a", "b", "c"]
    fraud = [0, 1, 0, 0, 1, 1, 0]
    score = [0.9, 0.1, 0.8, 0.2, 0.9, 0.5, 0.7]
    # Day 1: a and b are looked into, a is found. Day 2: a has left, c and b are looked into, b is found.
    found = card_precision(day, card, fraud, score, top=2)
    assert found.by_day == (0.5, 0.5)
    assert found.score == 0.5
    assert found.ceiling == 0.5


def test_ceiling_counts_what_a_perfect_score_would_find():
    found = card_precision([1, 1, 1], ["a", "b", "c"], [1, 1, 0], [0.1, 0.2, 0.9], top=1)
    assert (found.score, found.ceiling) == (0.0, 1.0)


def test_order_of_rows_does_not_matter():
    rng = np.random.default_rng(1)
    day, card = rng.integers(0, 5, 400), rng.integers(0, 60, 400)
    fraud, score = rng.random(400) < 0.2, rng.integers(0, 9, 400) / 9
    order = rng.permutation(400)
    assert card_precision(day, card, fraud, score, 10) == card_precision(
        day[order], card[order], fraud[order], score[order], 10
    )


def test_nothing_to_judge_is_refused():
    with pytest.raises(BadRows, match="no row to judge"):
        card_precision([], [], [], [])
    with pytest.raises(BadRequest, match="top is 0"):
        card_precision([1], ["a"], [1], [0.5], top=0)


def test_a_weight_stands_for_that_many_cards():
    rng = np.random.default_rng(2)
    day, card = rng.integers(0, 4, 300), rng.integers(0, 40, 300)
    fraud, score = rng.random(300) < 0.2, rng.random(300)
    copies = rng.integers(0, 4, 40)
    rows = np.repeat(np.arange(300), copies[card])
    # The n-th copy of a card is a card of its own; a copy has its original's score, so ties fall among copies.
    nth = np.concatenate([np.arange(copies[c]) for c in card])
    repeated = card_precision(day[rows], card[rows] * 10 + nth, fraud[rows], score[rows], 7)
    weighted = CardQueue(day, card, fraud, score, 7).by_day(copies.astype(float))
    # Later days are alike only where no day is cut within the copies of one card: they leave together.
    assert weighted[0] == pytest.approx(repeated.by_day[0])
