"""Why a transaction is reviewed: three coded reasons, in words with the customer's own figures.

The contributions of the features to the margin (Shapley values of the trees) are added up over
groups that a person thinks of as one thing. A group is a reason only if it raises the odds of fraud.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.science.fraud.score import FraudScorer, feature_matrix
from jobs.tables.outputs import WINDOWS_DAYS

REASONS = 3
CHUNK_ROWS = 4_096
SMALLEST_LOG_ODDS = 0.1
"""What raises the odds by less than a tenth is no reason."""

Row = Mapping[str, float]
"""Features of one transaction by name, NaN where missing."""


def reason_codes(
    scorer: FraudScorer, features: pa.Table, margin: NDArray[np.float64], threads: int = 1
) -> tuple[pa.Array, ...]:
    """Say why rows are reviewed; rows below the review margin get no reason and cost nothing.

    Parameters
    ----------
    scorer : FraudScorer
        The model that scored the rows.
    features : pyarrow.Table
        The rows.
    margin : ndarray of shape (n_transactions,)
        What `FraudScorer.margin` gave for them.
    threads : int
        Threads of LightGBM.

    Returns
    -------
    tuple of pyarrow.Array
        `REASONS` arrays of texts such as "amount_high: 812.40 euro, 9.1 times the customer's 30-day
        mean", the strongest first; null where there is none.

    References
    ----------
    .. [1] Lundberg et al. (2020), From local explanations to global understanding with explainable AI
       for trees, Nature Machine Intelligence.
    """
    texts = np.full((features.num_rows, REASONS), None, dtype=object)
    reviewed = np.flatnonzero(np.asarray(margin) >= scorer.review_margin)
    for start in range(0, reviewed.size, CHUNK_ROWS):
        chunk = reviewed[start : start + CHUNK_ROWS]
        matrix = feature_matrix(features.take(pa.array(chunk)), scorer.features)
        shares = scorer.booster.predict(matrix, pred_contrib=True, num_threads=threads)
        for row, values, share in zip(chunk, matrix, np.asarray(shares), strict=True):
            words = _reasons(scorer, dict(zip(scorer.features, values.tolist(), strict=True)), share)
            texts[row, : len(words)] = words
    return tuple(pa.array(texts[:, place], pa.string()) for place in range(REASONS))


def _reasons(scorer: FraudScorer, row: Row, share: NDArray[np.float64]) -> list[str]:
    added = {
        words: float(sum(share[i] for i, name in enumerate(scorer.features) if name.startswith(group)))
        for group, words in _GROUPS
    }
    strongest = sorted(added, key=lambda words: -added[words])
    return [words(row, scorer) for words in strongest if added[words] >= SMALLEST_LOG_ODDS][:REASONS]


def _amount(row: Row, _: FraudScorer) -> str:
    amount, mean = row["amount"], row["customer_mean_eur_30d"]
    if np.isnan(mean) or mean <= 0:
        return f"amount_without_history: {amount:.2f} euro, and no earlier purchase of the customer in 30 days"
    times = amount / mean
    code = "amount_high" if times > 1 else "amount_pattern"
    return f"{code}: {amount:.2f} euro, {times:.1f} times the customer's 30-day mean"


def _frequency(row: Row, _: FraudScorer) -> str:
    day, usual = row["customer_count_1d"], row["customer_count_30d"] / 30
    code = "purchases_many" if day > usual else "purchases_few"
    return f"{code}: {_count(day, 'earlier purchase')} in 24 hours, {usual:.1f} a day over 30 days"


def _partner_fraud(row: Row, scorer: FraudScorer) -> str:
    windows = [(days, row[f"partner_fraud_rate_{days}d"], row[f"partner_count_{days}d"]) for days in WINDOWS_DAYS]
    seen = [window for window in windows if window[2] > 0]
    if not seen:
        return f"partner_unknown: no transaction at the partner {_when(max(WINDOWS_DAYS), scorer)}"
    if not any(rate for _, rate, _ in seen):
        days, _, count = seen[-1]
        return f"partner_pattern: no known fraud in {_count(count, 'transaction')} at the partner {_when(days, scorer)}"
    days, rate, count = max(seen, key=lambda window: window[1])
    code = "partner_risky" if rate > scorer.fraud_rate else "partner_pattern"
    where = f"{_count(count, 'transaction')} at the partner {_when(days, scorer)}"
    return f"{code}: fraud in {rate:.0%} of {where}, in {scorer.fraud_rate:.1%} at all partners"


def _partner_volume(row: Row, scorer: FraudScorer) -> str:
    count, usual = row["partner_count_30d"], scorer.typical["partner_count_30d"]
    code = "partner_busy" if count > usual else "partner_quiet"
    return f"{code}: {_count(count, 'transaction')} at the partner {_when(30, scorer)}, {usual:.0f} at a typical one"


def _when(days: int, scorer: FraudScorer) -> str:
    return f"in {_count(days, 'day')} up to {_count(scorer.label_delay_days, 'day')} ago"


def _time(row: Row, _: FraudScorer) -> str:
    week = "at the weekend" if row["is_weekend"] else "on a weekday"
    return f"time_of_purchase: {'before 07:00' if row['is_night'] else 'after 07:00'} {week}, UTC"


def _count(number: float, thing: str) -> str:
    return f"{number:.0f} {thing}{'' if number == 1 else 's'}"


# Prefixes of feature names: each feature belongs to the one group whose prefix it has.
_GROUPS: Sequence[tuple[tuple[str, ...], Callable[[Row, FraudScorer], str]]] = (
    (("amount", "customer_mean_eur"), _amount),
    (("customer_count",), _frequency),
    (("partner_fraud_rate",), _partner_fraud),
    (("partner_count",), _partner_volume),
    (("is_",), _time),
)
