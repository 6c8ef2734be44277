import numpy as np

from jobs.science.fraud.protocol import handbook_split


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


def test_a_fraud_reported_early_blocks_its_card_earlier():
    """The card is blocked from the first day at whose start its fraud is known."""
    day, card, fraud = np.array([0, 1, 2, 3, 4]), np.array(["a"] * 5), np.array([0, 1, 0, 0, 0])
    plain = handbook_split(day, card, fraud, 0, train_days=1, label_delay_days=1, test_days=3)
    early = handbook_split(
        day, card, fraud, 0, train_days=1, label_delay_days=1, test_days=3, known_day=np.array([9, 2, 9, 9, 9])
    )
    assert plain.test.tolist() == [False, False, True, False, False]
    assert not early.test.any()
