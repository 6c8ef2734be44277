"""The part of the statement that looks at a customer's own past, exact to the second.

Payments of a customer are in the order of their second and, within it, of their transaction id. The moment of a
payment is its second, plus a millionth for each payment of the customer in that second that comes before it. A window
of w days holds the payments strictly between the moment less w days and the moment.
"""

from jobs.science.fraud.engine import AMOUNT_UNITS_PER_EUR, DAY_S
from jobs.tables.online import CUSTOMER_LOOKBACK_DAYS
from jobs.tables.outputs import COUNT_WINDOWS_S, LARGE_DAYS, LARGE_TIMES, WINDOWS_DAYS

FEWEST_PAYMENTS = 3
"""Payments that a median, a maximum and a spread need at least."""

LARGEST_SPREAD_CENTS = 10_000_000
"""Amounts above 100,000 euro enter the spread as 100,000, so that sums of squares stay whole numbers of 64 bits."""

_PLACES = 1_000_000

_PAYMENTS = """
placed AS (
    SELECT
        transaction_id, customer_id, partner_id, occurred_us, occurred_s, amount_eur, amount_units,
        CAST(floor(occurred_s / {slot_s}) AS INT) AS slot,
        occurred_s * {places} - 1
            + row_number() OVER (PARTITION BY customer_id, occurred_s ORDER BY transaction_id) AS moment
    FROM transactions
),
compared AS (
    SELECT *,
        count(*) OVER last_{lookback_days}d AS count_{lookback_days}d,
        percentile(amount_units, 0.5) OVER last_{lookback_days}d AS units_median
    FROM placed
    WINDOW {lookback_window}
),
flagged AS (
    SELECT *, CASE WHEN count_{lookback_days}d >= {fewest} AND amount_units > {large_times} * units_median
        THEN 1 ELSE 0 END AS is_large
    FROM compared
),
payments AS (
    SELECT *,
        CAST(count(*) OVER this_slot AS INT) AS partner_slot,
        CAST(coalesce(sum(is_large) OVER this_slot, 0) AS INT) AS partner_large_slot
    FROM flagged
    WINDOW this_slot AS (PARTITION BY partner_id, slot ORDER BY occurred_s, transaction_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)"""

_RECORDS = """
summed AS (
    SELECT *,
        {counts},
        {sums},
        CAST(sum(cents) OVER last_{lookback_days}d AS DOUBLE) AS cents_sum,
        CAST(sum(cents * cents) OVER last_{lookback_days}d AS DOUBLE) AS cents_squares,
        max(amount_units) OVER last_{lookback_days}d AS units_max,
        lag(occurred_s) OVER (PARTITION BY customer_id ORDER BY moment) AS previous_s,
        CAST(coalesce(sum(is_large) OVER last_{large_days}d, 0) AS FLOAT) AS customer_large_{large_days}d,
        CAST(count(*) OVER (PARTITION BY customer_id, partner_id ORDER BY moment
            RANGE BETWEEN {lookback} PRECEDING AND 1 PRECEDING) AS FLOAT) AS pair_count_{lookback_days}d
    FROM (
        SELECT *, least(CAST(floor((amount_units + 50) / 100) AS BIGINT), {largest_cents}) AS cents
        FROM payments
        WHERE occurred_s >= {oldest_s}
            AND customer_id IN (SELECT customer_id FROM payments WHERE occurred_s >= {first_s})) AS recent
    WINDOW {windows}
),
customer_records AS (
    SELECT
        transaction_id, customer_id, partner_id, occurred_us, occurred_s, amount_eur, slot,
        partner_slot, partner_large_slot, pair_count_{lookback_days}d, customer_large_{large_days}d,
        {count_features},
        {mean_features},
        {ratio_features},
        CAST(CASE WHEN count_{lookback_days}d >= {fewest} THEN
            (cents - cents_sum / count_{lookback_days}d) / greatest(1e2, sqrt(greatest(0e0,
                cents_squares / count_{lookback_days}d
                - (cents_sum / count_{lookback_days}d) * (cents_sum / count_{lookback_days}d))))
            END AS FLOAT) AS amount_z_{lookback_days}d,
        CAST(CASE WHEN count_{lookback_days}d >= {fewest} THEN
            CAST(amount_units AS DOUBLE) / nullif(units_median, 0) END AS FLOAT) AS amount_to_median_{lookback_days}d,
        CAST(CASE WHEN count_{lookback_days}d >= {fewest} THEN
            CAST(amount_units AS DOUBLE) / nullif(units_max, 0) END AS FLOAT) AS amount_to_max_{lookback_days}d,
        CAST(CASE WHEN count_{lookback_days}d > 0 THEN
            CAST(occurred_s - previous_s AS DOUBLE) / 3600 END AS FLOAT) AS customer_hours_since_last
    FROM summed
    WHERE occurred_s >= {first_s}
)"""

_COUNT = "count(*) OVER last_{name} AS count_{name}"
_SUM = "CAST(sum(amount_units) OVER last_{name} AS DOUBLE) AS units_{name}"
_WINDOW = """last_{name} AS (PARTITION BY customer_id ORDER BY moment
        RANGE BETWEEN {before} PRECEDING AND 1 PRECEDING)"""
_COUNT_FEATURE = "CAST(count_{name} AS FLOAT) AS customer_count_{name}"
_MEAN_FEATURE = "CAST(units_{name} / {units} / nullif(count_{name}, 0) AS FLOAT) AS customer_mean_eur_{name}"
_RATIO_FEATURE = (
    "CAST(CAST(amount_units AS DOUBLE) * count_{name} / nullif(units_{name}, 0) AS FLOAT) AS amount_to_mean_{name}"
)


def payment_sql(slot_s: int) -> str:
    """Return the common table expressions that end with ``payments``.

    Parameters
    ----------
    slot_s : int
        Seconds between two refreshes of what is known of partners.

    Returns
    -------
    str
        ``payments`` has a row per transaction with its own columns, ``slot`` (whole slots since the epoch), whether it
        ``is_large``, and ``partner_slot`` and ``partner_large_slot``: the partner's payments, and the large ones among
        them, of the same slot strictly before it.
    """
    return _PAYMENTS.format(
        slot_s=slot_s,
        places=_PLACES,
        lookback_days=CUSTOMER_LOOKBACK_DAYS,
        lookback_window=_WINDOW.format(**_LOOKBACK),
        fewest=FEWEST_PAYMENTS,
        large_times=LARGE_TIMES,
    )


def customer_sql(first_s: int) -> str:
    """Return the common table expressions from ``payments`` to ``customer_records``.

    Parameters
    ----------
    first_s : int
        First second whose payments have a record, since the epoch.

    Returns
    -------
    str
        ``customer_records`` has a row per payment with the features of its customer, `CUSTOMER_FEATURE_COLUMNS`.
    """
    counted = [{"name": name, "before": _before(seconds)} for name, seconds in COUNT_WINDOWS_S.items()]
    summed = [{"name": f"{days}d", "units": AMOUNT_UNITS_PER_EUR} for days in WINDOWS_DAYS]
    large = {"name": f"{LARGE_DAYS}d", "before": _before(LARGE_DAYS * DAY_S)}

    def each(template: str, values: list[dict[str, object]]) -> str:
        return ",\n        ".join(template.format(**value) for value in values)

    return _RECORDS.format(
        first_s=first_s,
        oldest_s=first_s - CUSTOMER_LOOKBACK_DAYS * DAY_S,
        largest_cents=LARGEST_SPREAD_CENTS,
        lookback=_LOOKBACK["before"],
        lookback_days=CUSTOMER_LOOKBACK_DAYS,
        large_days=LARGE_DAYS,
        fewest=FEWEST_PAYMENTS,
        windows=each(_WINDOW, [*counted, large]),
        counts=each(_COUNT, [window for window in counted if window["name"] != _LOOKBACK["name"]]),
        sums=each(_SUM, summed),
        count_features=each(_COUNT_FEATURE, counted),
        mean_features=each(_MEAN_FEATURE, summed),
        ratio_features=each(_RATIO_FEATURE, summed),
    )


def _before(seconds: int) -> int:
    return seconds * _PLACES - 1


_LOOKBACK = {"name": f"{CUSTOMER_LOOKBACK_DAYS}d", "before": _before(CUSTOMER_LOOKBACK_DAYS * DAY_S)}
