"""Risk of partners: the known fraud rate of a week, shrunk towards that of all partners, ranked."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from jobs.errors import BadRequest
from jobs.science.fraud.engine import DAY_S, Limits, Source, opened
from jobs.science.fraud.features import EPOCH

WINDOW_DAYS = 7
SMALLEST_PRIOR = 1.0
LARGEST_PRIOR = 1_000.0

# Of several reports the last one that was known by then stands.
_COUNTS = """
WITH told AS (
    SELECT r.transaction_id, r.is_fraud, coalesce(r.reported_s, t.occurred_s + {delay_s}) AS known_s
    FROM fraud_reports AS r
    JOIN transactions AS t ON t.transaction_id = r.transaction_id
),
last_told AS (
    SELECT transaction_id, is_fraud, row_number() OVER (
        PARTITION BY transaction_id ORDER BY known_s DESC, is_fraud DESC) AS place
    FROM told
    WHERE known_s <= {as_of_s}
)
SELECT t.partner_id, count(*) AS transactions_7d, sum(CASE WHEN l.is_fraud THEN 1 ELSE 0 END) AS frauds_7d
FROM transactions AS t
LEFT JOIN last_told AS l ON l.transaction_id = t.transaction_id AND l.place = 1
GROUP BY t.partner_id
"""


def partner_risk(
    transactions: Source,
    fraud_reports: Source,
    *,
    day: dt.date,
    label_delay_days: int,
    limits: Limits,
    partner_ids: Sequence[str] = (),
) -> pa.Table:
    """Rank partners by what is known of them at the start of a day.

    Parameters
    ----------
    transactions : Source
        Rows of the declared table ``transactions``; those of the `WINDOW_DAYS` days that end a label
        delay before the day are counted.
    fraud_reports : Source
        Rows of the declared table ``fraud_reports``; those known by the start of the day count.
    day : datetime.date
        The day (UTC).
    label_delay_days : int
        Days, at least 1, after which a transaction without a report counts as genuine.
    limits : Limits
        Memory, threads, and where to spill.
    partner_ids : sequence of str
        Partners that shall have a row even if nothing was bought there.

    Returns
    -------
    pyarrow.Table
        Columns ``partner_id``, ``fraud_rate_shrunk`` (in [0, 1]), ``rank`` (1 is the riskiest),
        ``transactions_7d`` and ``frauds_7d``, in order of rank.

    Raises
    ------
    BadRequest
        If the label delay is less than a day.
    BadRows, BadSchema, NoInput
        If the inputs cannot be used; see `opened`.
    """
    if label_delay_days < 1:
        raise BadRequest(f"label_delay_days is {label_delay_days}; give at least 1, the days until a label is known.")
    as_of_s = (day - EPOCH).days * DAY_S
    end_s = as_of_s - label_delay_days * DAY_S
    with opened(transactions, fraud_reports, limits, end_s - WINDOW_DAYS * DAY_S, end_s) as engine:
        counted = engine.sql(_COUNTS.format(as_of_s=as_of_s, delay_s=label_delay_days * DAY_S)).to_arrow_table()
    silent = sorted({*partner_ids} - {*counted["partner_id"].to_pylist()})
    ids = np.array([*counted["partner_id"].to_pylist(), *silent], dtype=object)
    count = np.concatenate([counted["transactions_7d"].to_numpy(), np.zeros(len(silent), dtype=np.int64)])
    frauds = np.concatenate([counted["frauds_7d"].cast(pa.int64()).to_numpy(), np.zeros(len(silent), dtype=np.int64)])
    rate = shrunk_rate(frauds, count)
    order = np.lexsort((ids.astype(str), -count, -frauds, -rate))
    return pa.table(
        {
            "partner_id": pa.array(ids[order], pa.string()),
            "fraud_rate_shrunk": rate[order],
            "rank": np.arange(1, ids.size + 1),
            "transactions_7d": count[order],
            "frauds_7d": frauds[order],
        }
    )


def shrunk_rate(frauds: ArrayLike, count: ArrayLike) -> NDArray[np.float64]:
    """Shrink the rate of each group towards the rate of all, the more the fewer it has seen.

    Parameters
    ----------
    frauds, count : array-like of shape (n_groups,)
        Frauds, and transactions they are among.

    Returns
    -------
    ndarray of shape (n_groups,)
        Rates in [0, 1]; the rate of all for a group without transactions.

    Examples
    --------
    >>> rates = shrunk_rate([0, 1, 50], [100, 1, 100])
    >>> bool(rates[0] < rates[1] < 1)
    True
    """
    k, n = np.asarray(frauds, dtype=np.float64), np.asarray(count, dtype=np.float64)
    everyone = k.sum() / max(n.sum(), 1.0)
    prior = prior_strength(k, n)
    rate: NDArray[np.float64] = (k + prior * everyone) / (n + prior)
    return rate


def prior_strength(frauds: ArrayLike, count: ArrayLike) -> float:
    """Estimate how many transactions at the rate of all a group's own weigh against.

    Groups' rates are taken to follow a beta distribution; its strength is estimated by moments.

    Parameters
    ----------
    frauds, count : array-like of shape (n_groups,)
        Frauds, and transactions they are among.

    Returns
    -------
    float
        Transactions, from `SMALLEST_PRIOR` to `LARGEST_PRIOR`; the largest where the groups do not
        differ by more than chance.

    References
    ----------
    .. [1] Kleinman (1973), Proportions with extraneous variance: single and independent samples, JASA.

    Examples
    --------
    >>> prior_strength([5, 5, 5], [100, 100, 100])
    1000.0
    """
    k, n = np.asarray(frauds, dtype=np.float64), np.asarray(count, dtype=np.float64)
    k, n = k[n > 0], n[n > 0]
    total = n.sum()
    everyone = k.sum() / max(total, 1.0)
    by_chance = everyone * (1 - everyone)
    freedom = n.size - 1
    room = total - (n**2).sum() / max(total, 1.0) - freedom
    if by_chance == 0 or room <= 0:
        return LARGEST_PRIOR
    spread = (n * (k / n - everyone) ** 2).sum() / by_chance
    correlation = (spread - freedom) / room
    if correlation <= 0:
        return LARGEST_PRIOR
    return float(np.clip(1 / correlation - 1, SMALLEST_PRIOR, LARGEST_PRIOR))
