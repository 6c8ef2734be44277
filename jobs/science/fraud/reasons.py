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

_RATE_DAYS = (1, 7, 30)

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
    shares = np.asarray(scorer.booster.predict(matrix, pred_contrib=True, num_threads=threads))
    return [
        _reasons(scorer, dict(zip(scorer.features, values.tolist(), strict=True)), share)
        for values, share in zip(matrix, shares, strict=True)
    ]


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
    windows = [(days, row[f"partner_fraud_rate_{days}d"], row[f"partner_count_{days}d"]) for days in _RATE_DAYS]
    seen = [window for window in windows if window[2] > 0]
    if not seen:
        return f"partner_unknown: no transaction at the partner {_when(max(_RATE_DAYS), scorer)}"
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
