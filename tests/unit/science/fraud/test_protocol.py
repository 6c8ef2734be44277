import numpy as np
import pytest

from jobs.errors import BadRequest, BadRows
from jobs.science.fraud.protocol import card_precision, handbook_split


def test_known_cards_leave_the_test_day_by_day():
    """Two training days, a delay of one day, two test days: days 0-1, 2, 3-4."""
    day = np.array([0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4])
    card = np.array(["a", "b", "c", "d", "a", "b", "c", "d", "a", "b", "c", "d"])
    fraud = np.array([1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    split = handbook_split(day, card, fraud, 0, train_days=2, label_delay_days=1, test_days=2)
    assert split.train.tolist() == [True] * 2 + [False] * 10
    # Day 3 knows the frauds of days 0-1 (card a); day 4 also that of day 2 (card c), not yet that of day 3.
    assert [(d, c) for d, c, t in zip(day, card, split.test, strict=True) if t] == [
        (3, "b"), (3, "c"), (3, "d"), (4, "b"), (4, "d"),
    ]  # fmt: skip


def test_a_fraud_before_the_training_days_does_not_remove_a_card():
    split = handbook_split([0, 1, 3], ["a", "b", "a"], [1, 0, 0], 1, train_days=1, label_delay_days=1, test_days=1)
    assert split.test.tolist() == [False, False, True]


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
