"""Why a transaction is reviewed or declined: three coded reasons, in words with the customer's own figures.

The contributions of the features to the margin (Shapley values of the trees) are added up over
groups that a person thinks of as one thing. A group is a reason only if it raises the odds of fraud.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jobs.science.fraud.score import FraudScorer, feature_matrix

if TYPE_CHECKING:
    # The package that scores one transaction at a time holds no Arrow.
    import pyarrow as pa

REASONS = 3
CHUNK_ROWS = 4_096
SMALLEST_LOG_ODDS = 0.1
"""What raises the odds by less than a tenth is no reason."""

LARGE_DAYS, LARGE_TIMES = 14, 3
_RATE_DAYS = (1, 7, 30)
"""As declared in jobs/tables/outputs.py, which the endpoint's package does not hold; a test compares them."""

Row = Mapping[str, float]
"""Features of one transaction by name, NaN where missing."""


def reason_codes(
    scorer: FraudScorer, features: "pa.Table", explained: ArrayLike, threads: int = 1
) -> tuple[list[str | None], ...]:
    """Say why rows are reviewed or declined; the others get no reason and cost nothing.

    Parameters
    ----------
    scorer : FraudScorer
        The model that scored the rows.
    features : pyarrow.Table
        The rows.
    explained : array-like of shape (n_transactions,)
        Whether a row is to be explained.
    threads : int
        Threads of LightGBM.

    Returns
    -------
    tuple of list of str or None
        `REASONS` lists of texts such as "amount_high: 812.40 euro, 9.1 times the customer's 30-day
        mean", the strongest first; None where there is none.

    References
    ----------
    .. [1] Lundberg et al. (2020), From local explanations to global understanding with explainable AI
       for trees, Nature Machine Intelligence.
    """
    texts: tuple[list[str | None], ...] = tuple([None] * features.num_rows for _ in range(REASONS))
    rows = np.flatnonzero(np.asarray(explained, dtype=bool))
    for start in range(0, rows.size, CHUNK_ROWS):
        chunk = rows[start : start + CHUNK_ROWS]
        matrix = feature_matrix(features.take(chunk), scorer.features)
        for row, reasons in zip(chunk.tolist(), reasons_of(scorer, matrix, threads), strict=True):
            for place, words in enumerate(reasons):
                texts[place][row] = words
    return texts


def reasons_of(scorer: FraudScorer, matrix: NDArray[np.float32], threads: int = 1) -> list[list[str]]:
    """Say what raised the odds of each row of a matrix.

    Parameters
    ----------
    scorer : FraudScorer
        The model that scored the rows.
    matrix : ndarray of shape (n_transactions, n_features)
        Features in the order of `FraudScorer.features`, NaN where missing.
    threads : int
        Threads of LightGBM.

    Returns
    -------
    list of list of str
        At most `REASONS` texts a row, the strongest first.
    """
    return [
        _reasons(scorer, dict(zip(scorer.features, values.tolist(), strict=True)), added)
        for values, added in zip(matrix, group_shares(scorer, matrix, threads), strict=True)
    ]


def group_shares(scorer: FraudScorer, matrix: NDArray[np.float32], threads: int = 1) -> NDArray[np.float64]:
    """Return what each group of features adds to the margin of each row.

    Parameters
    ----------
    scorer : FraudScorer
        The model.
    matrix : ndarray of shape (n_transactions, n_features)
        Features in the order of `FraudScorer.features`, NaN where missing.
    threads : int
        Threads of LightGBM.

    Returns
    -------
    ndarray of shape (n_transactions, n_groups)
        Log odds, groups in the order of `GROUPS`.
    """
    shares = np.asarray(scorer.booster.predict(matrix, pred_contrib=True, num_threads=threads))
    return shares[:, :-1] @ membership(scorer.features)


def membership(features: Sequence[str]) -> NDArray[np.float64]:
    """Return 1 where a feature belongs to a group: one row a feature, one column a group."""
    return np.array([[float(name.startswith(names)) for names, _ in GROUPS.values()] for name in features])


def _reasons(scorer: FraudScorer, row: Row, added: NDArray[np.float64]) -> list[str]:
    words = [words for _, words in GROUPS.values()]
    strongest = [group for group in np.argsort(-added, kind="stable")[:REASONS] if added[group] >= SMALLEST_LOG_ODDS]
    return [words[group](row, scorer) for group in strongest]


def _amount(row: Row, _: FraudScorer) -> str:
    amount, times = row["amount"], row["amount_to_median_30d"]
    if np.isnan(times):
        return f"amount_without_history: {amount:.2f} euro, and too few purchases of the customer in 30 days to compare"
    code = "amount_high" if times > 1 else "amount_pattern"
    return f"{code}: {amount:.2f} euro, {times:.1f} times the customer's 30-day median"


def _large(row: Row, _: FraudScorer) -> str:
    many = row[f"customer_large_{LARGE_DAYS}d"]
    code = "large_purchases" if many > 0 else "large_purchases_none"
    return f"{code}: {_count(many, 'purchase')} in {LARGE_DAYS} days above {LARGE_TIMES} times the customer's median"


def _frequency(row: Row, _: FraudScorer) -> str:
    day, usual = row["customer_count_1d"], row["customer_count_30d"] / 30
    code = "purchases_many" if day > usual else "purchases_few"
    return f"{code}: {_count(day, 'earlier purchase')} in 24 hours, {usual:.1f} a day over 30 days"


def _novelty(row: Row, _: FraudScorer) -> str:
    before = row["pair_count_30d"]
    if not before > 0:
        return "partner_new_to_customer: no earlier purchase of the customer at the partner in 30 days"
    return f"partner_known_to_customer: {_count(before, 'earlier purchase')} of the customer at the partner in 30 days"


def _partner_fraud(row: Row, scorer: FraudScorer) -> str:
    run = row["partner_fraud_run_length"]
    if run > 0:
        since = _when(row["partner_fraud_run_days"])
        return (
            f"partner_risky: the last {_count(run, 'known transaction')} at the partner were fraud, the first {since}"
        )
    windows = [(days, row[f"partner_fraud_rate_{days}d"], row[f"partner_count_{days}d"]) for days in _RATE_DAYS]
    seen = [window for window in windows if window[2] > 0]
    if not seen:
        return f"partner_unknown: no transaction at the partner {_within(max(_RATE_DAYS), scorer)}"
    if not any(rate > 0 for _, rate, _ in seen):
        days, _, count = seen[-1]
        found = f"{_count(count, 'transaction')} at the partner {_within(days, scorer)}"
        return f"partner_pattern: no known fraud in {found}"
    days, rate, count = max(seen, key=lambda window: window[1])
    code = "partner_risky" if rate > scorer.fraud_rate else "partner_pattern"
    where = f"{_count(count, 'transaction')} at the partner {_within(days, scorer)}"
    return f"{code}: fraud in {rate:.0%} of {where}, in {scorer.fraud_rate:.1%} at all partners"


def _partner_large(row: Row, _: FraudScorer) -> str:
    many = row["partner_large_7d"]
    code = "partner_large_purchases" if many > 0 else "partner_large_purchases_none"
    return f"{code}: {_count(many, 'purchase')} at the partner in 7 days, large for their customers"


def _partner_volume(row: Row, scorer: FraudScorer) -> str:
    count, usual = row["partner_count_recent_30d"], scorer.typical["partner_count_recent_30d"]
    code = "partner_busy" if count > usual else "partner_quiet"
    return f"{code}: {_count(count, 'transaction')} at the partner in 30 days, {usual:.0f} at a typical one"


def _time(row: Row, _: FraudScorer) -> str:
    if np.isnan(row["hour_of_day"]):
        return "time_of_purchase: not known"
    minutes = round(row["hour_of_day"] * 60)
    week = "at the weekend" if row["is_weekend"] else "on a weekday"
    return f"time_of_purchase: {minutes // 60 % 24:02d}:{minutes % 60:02d} {week}, UTC"


def _within(days: int, scorer: FraudScorer) -> str:
    return f"in {_count(days, 'day')} up to {_count(scorer.label_delay_days, 'day')} ago"


def _when(days: float) -> str:
    return f"{_count(days, 'day')} ago"


def _count(number: float, thing: str) -> str:
    if np.isnan(number):
        return f"unknown {thing}s"
    return f"{number:.0f} {thing}{'' if round(number) == 1 else 's'}"


GROUPS: Mapping[str, tuple[tuple[str, ...], Callable[[Row, FraudScorer], str]]] = {
    "amount": (("amount", "customer_mean_eur"), _amount),
    "large purchases": (("customer_large",), _large),
    "frequency": (("customer_count", "customer_hours"), _frequency),
    "novelty": (("pair_",), _novelty),
    "partner fraud": (("partner_fraud", "partner_days_since"), _partner_fraud),
    "partner large purchases": (("partner_large",), _partner_large),
    "partner volume": (("partner_count",), _partner_volume),
    "time": (("is_", "hour_of_day", "day_of_week"), _time),
}
"""Beginnings of feature names and the words for them: each feature belongs to the one group whose beginning it has."""
