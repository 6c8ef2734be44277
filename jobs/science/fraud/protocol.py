"""How the Fraud Detection Handbook splits days: labels come late, and known cards are blocked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class HandbookSplit:
    """Which rows are learnt from and which are judged.

    Parameters
    ----------
    train, test : ndarray of shape (n_transactions,)
        True for the rows of that part.
    """

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]


def handbook_split(
    day: ArrayLike,
    customer: ArrayLike,
    is_fraud: ArrayLike,
    first_train_day: int,
    *,
    train_days: int = 7,
    label_delay_days: int = 7,
    test_days: int = 7,
    known_day: ArrayLike | None = None,
) -> HandbookSplit:
    """Split transactions into days to learn from, a label delay, and days to judge.

    Cards that are known to be compromised when a test day begins are left out of that day: those with
    a fraud on a training day or later, known by then.

    Parameters
    ----------
    day : array-like of shape (n_transactions,)
        Number of the day of each transaction.
    customer : array-like of shape (n_transactions,)
        Card or customer.
    is_fraud : array-like of shape (n_transactions,)
        Labels, 0 or 1.
    first_train_day : int
        Number of the first training day.
    train_days, label_delay_days, test_days : int
        Lengths in days.
    known_day : array-like of shape (n_transactions,), optional
        First day at whose start a fraud is known; without it the day after the label delay.

    Returns
    -------
    HandbookSplit
        The rows of both parts.

    References
    ----------
    .. [1] Le Borgne et al. (2022), Reproducible Machine Learning for Credit Card Fraud Detection,
       Practical Handbook, chapters 3 and 5.

    Examples
    --------
    >>> split = handbook_split([0, 1, 2, 2], ["a", "b", "a", "b"], [1, 0, 0, 0], 0, train_days=1,
    ...     label_delay_days=1, test_days=1)
    >>> split.test
    array([False, False, False,  True])
    """
    days = np.asarray(day)
    _, card = np.unique(np.asarray(customer), return_inverse=True)
    fraud = np.asarray(is_fraud).astype(bool)
    known = days + label_delay_days + 1 if known_day is None else np.asarray(known_day)
    last_train_day = first_train_day + train_days - 1
    train = (days >= first_train_day) & (days <= last_train_day)
    test = np.zeros(days.shape, dtype=bool)
    first_test_day = last_train_day + label_delay_days + 1
    for test_day in range(first_test_day, first_test_day + test_days):
        blocked = np.unique(card[fraud & (days >= first_train_day) & (known <= test_day)])
        test |= (days == test_day) & ~np.isin(card, blocked)
    return HandbookSplit(train, test)
