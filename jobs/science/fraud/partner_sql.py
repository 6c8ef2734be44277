"""The part of the statement that looks at a partner, as of the last refresh of what is known.

Time is cut into slots, whole parts of a day (UTC); a day itself, where the night alone refreshes. What labels say of a
partner is the same all through a slot: of the payments of slots that ended at least the label delay before it, what the
last report that was known by its start said. So whoever refreshes can hand the finished values to the endpoint. Counts
of payments are those of whole slots before; what the slot itself adds comes on top of them.
"""

from jobs.science.fraud.engine import DAY_S
from jobs.tables.online import KNOWN_COUNT_DAYS, KNOWN_LAST, KNOWN_RATE_DAYS, PARTNER_COUNT_DAYS, PARTNER_LARGE_DAYS

KNOWN_DAYS = max(KNOWN_RATE_DAYS)
SHRUNK_DAYS = 28
PRIOR_PAYMENTS = 20
PRIOR_FRAUD_RATE = 0.008
"""The shrunk rate is that of the partner's payments and 20 more of which .8% are fraud."""

_NEVER = 2_000_000_000

_STATEMENT = """
partner_slots AS (
    SELECT partner_id, slot, CAST(sum(n) AS BIGINT) AS n, CAST(sum(n_large) AS BIGINT) AS n_large
    FROM (
        SELECT partner_id, slot, count(*) AS n, sum(is_large) AS n_large FROM payments GROUP BY partner_id, slot
        {asked}) AS counted
    WHERE partner_id IN (SELECT partner_id FROM {partners_of})
    GROUP BY partner_id, slot
),
looked_back AS (
    SELECT
        partner_id, slot,
        {recent},
        CAST(coalesce(sum(n_large) OVER recent_{large_days}d, 0) AS INT) AS large,
        {known},
        CAST(coalesce(sum(n) OVER all_known, 0) AS BIGINT) AS known_place,
        max(slot) OVER known_{known_days}d AS last_known_slot,
        CAST(coalesce(sum(n) OVER all_before, 0) AS BIGINT) AS place_before,
        lag(slot) OVER (PARTITION BY partner_id ORDER BY slot) AS slot_before
    FROM partner_slots
    WINDOW
        {windows},
        all_known AS (PARTITION BY partner_id ORDER BY slot RANGE BETWEEN UNBOUNDED PRECEDING AND {youngest} PRECEDING),
        all_before AS (PARTITION BY partner_id ORDER BY slot ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
told AS (
    SELECT t.transaction_id, t.partner_id, t.slot, t.partner_slot, r.is_fraud,
        coalesce(r.reported_s, t.occurred_s + {delay_s}) AS known_s
    FROM fraud_reports AS r
    JOIN payments AS t ON t.transaction_id = r.transaction_id
),
standing AS (
    SELECT partner_id, slot, partner_slot, is_fraud, CAST(ceil(known_s / {slot_s}) AS INT) AS known_slot,
        CAST(ceil(lead(known_s) OVER (PARTITION BY transaction_id ORDER BY known_s, is_fraud) / {slot_s}) AS INT)
            AS revised_slot
    FROM told
),
frauds AS (
    SELECT
        s.partner_id, s.slot,
        l.place_before + s.partner_slot + 1 AS place,
        CASE WHEN s.partner_slot > 0 THEN s.slot ELSE l.slot_before END AS slot_before,
        greatest(s.known_slot, s.slot + {youngest}) AS from_slot,
        coalesce(s.revised_slot, {never}) AS to_slot
    FROM standing AS s
    JOIN looked_back AS l ON l.partner_id = s.partner_id AND l.slot = s.slot
    WHERE s.is_fraud AND greatest(s.known_slot, s.slot + {youngest}) < coalesce(s.revised_slot, {never})
),
known_frauds AS (
    SELECT
        l.partner_id, l.slot, f.slot AS fraud_slot, f.slot_before, l.known_place - f.place AS later,
        row_number() OVER (PARTITION BY l.partner_id, l.slot ORDER BY f.place DESC) - 1 AS later_frauds
    FROM looked_back AS l
    JOIN frauds AS f ON f.partner_id = l.partner_id
        AND f.slot >= l.slot - {oldest} AND f.from_slot <= l.slot AND f.to_slot > l.slot
    WHERE l.slot >= {first_slot}
),
fraud_sums AS (
    SELECT
        partner_id, slot,
        {fraud_sums},
        {last_sums},
        max(fraud_slot) AS last_fraud_slot,
        count(CASE WHEN later = later_frauds THEN 1 END) AS run_length,
        min(CASE WHEN later = later_frauds THEN fraud_slot END) AS run_first_slot,
        min(CASE WHEN later = later_frauds THEN slot_before END) AS run_slot_before
    FROM known_frauds
    GROUP BY partner_id, slot
),
partner_records AS (
    SELECT
        l.partner_id, l.slot,
        {recent_columns},
        CAST(l.large AS FLOAT) AS partner_large_{large_days}d,
        {count_columns},
        {rate_columns},
        CAST((coalesce(f.frauds_{shrunk_days}d, 0) + {prior_frauds}) / (l.known_{shrunk_days}d + {prior_payments})
            AS FLOAT) AS partner_fraud_rate_shrunk_{shrunk_days}d,
        {last_columns},
        CAST(coalesce(f.run_length, 0) AS FLOAT) AS partner_fraud_run_length,
        CAST((l.slot - f.run_first_slot) / {slots}e0 AS FLOAT) AS partner_fraud_run_days,
        CAST((l.slot - f.last_fraud_slot) / {slots}e0 AS FLOAT) AS partner_days_since_fraud,
        CAST(CASE WHEN coalesce(f.run_length, 0) < l.known_{known_days}d
            THEN (l.slot - coalesce(f.run_slot_before, l.last_known_slot)) / {slots}e0 END AS FLOAT)
            AS partner_days_since_genuine,
        CAST((l.slot - l.last_known_slot) / {slots}e0 AS FLOAT) AS partner_days_since_known
    FROM looked_back AS l
    LEFT JOIN fraud_sums AS f ON f.partner_id = l.partner_id AND f.slot = l.slot
    WHERE l.slot >= {first_slot}
)"""

_ASKED = "UNION ALL SELECT DISTINCT partner_id, {slot}, 0, 0 FROM payments"

_RECENT = "CAST(coalesce(sum(n) OVER recent_{days}d, 0) AS INT) AS recent_{days}d"
_KNOWN = "CAST(coalesce(sum(n) OVER known_{days}d, 0) AS INT) AS known_{days}d"
_WINDOW = """{kind}_{days}d AS (PARTITION BY partner_id ORDER BY slot
            RANGE BETWEEN {oldest} PRECEDING AND {youngest} PRECEDING)"""
_FRAUD_SUM = "count(CASE WHEN fraud_slot >= slot - {oldest} THEN 1 END) AS frauds_{days}d"
_LAST_SUM = "count(CASE WHEN later < {last} THEN 1 END) AS frauds_last_{last}"
_RECENT_COLUMN = "CAST(l.recent_{days}d AS FLOAT) AS partner_count_recent_{days}d"
_COUNT_COLUMN = "CAST(l.known_{days}d AS FLOAT) AS partner_count_{days}d"
_RATE_COLUMN = """CAST(CAST(coalesce(f.frauds_{days}d, 0) AS DOUBLE) / nullif(l.known_{days}d, 0) AS FLOAT)
            AS partner_fraud_rate_{days}d"""
_LAST_COLUMN = """CAST(CAST(coalesce(f.frauds_last_{last}, 0) AS DOUBLE)
            / nullif(least({last}, l.known_{known_days}d), 0) AS FLOAT) AS partner_fraud_rate_last_{last}"""


def partner_sql(first_slot: int, slot_s: int, label_delay_days: int, *, also_first: bool = False) -> str:
    """Return the common table expressions from ``payments`` to ``partner_records``.

    Parameters
    ----------
    first_slot : int
        First slot that has records; whole slots since the epoch.
    slot_s : int
        Seconds of a slot, a whole part of a day.
    label_delay_days : int
        Days, at least 1, after which a transaction without a report counts as genuine.
    also_first : bool
        Whether every partner has a record of the first slot, also one that has no payment in it.

    Returns
    -------
    str
        ``partner_records`` has a row per partner and slot with payments, with the columns
        `PARTNER_COUNT_COLUMNS` and `PARTNER_KNOWN_COLUMNS`.
    """
    slots = DAY_S // slot_s
    delay = label_delay_days * slots

    def each(template: str, values: tuple[int, ...]) -> str:
        return ",\n        ".join(
            template.format(days=value, last=value, known_days=KNOWN_DAYS, oldest=delay + value * slots)
            for value in values
        )

    def windows(kind: str, values: tuple[int, ...], ended: int) -> list[str]:
        return [
            _WINDOW.format(kind=kind, days=days, oldest=ended + days * slots, youngest=ended + 1) for days in values
        ]

    return _STATEMENT.format(
        asked=_ASKED.format(slot=first_slot) if also_first else "",
        partners_of="payments" if also_first else f"payments WHERE slot >= {first_slot}",
        first_slot=first_slot,
        slot_s=slot_s,
        slots=slots,
        delay_s=label_delay_days * DAY_S,
        youngest=delay + 1,
        oldest=delay + KNOWN_DAYS * slots,
        never=_NEVER,
        known_days=KNOWN_DAYS,
        large_days=PARTNER_LARGE_DAYS,
        shrunk_days=SHRUNK_DAYS,
        prior_payments=f"{PRIOR_PAYMENTS:e}",
        prior_frauds=f"{PRIOR_PAYMENTS * PRIOR_FRAUD_RATE:e}",
        windows=",\n        ".join(
            [*windows("recent", PARTNER_COUNT_DAYS, 0), *windows("known", KNOWN_RATE_DAYS, delay)]
        ),
        recent=each(_RECENT, PARTNER_COUNT_DAYS),
        known=each(_KNOWN, KNOWN_RATE_DAYS),
        fraud_sums=each(_FRAUD_SUM, KNOWN_RATE_DAYS),
        last_sums=each(_LAST_SUM, KNOWN_LAST),
        recent_columns=each(_RECENT_COLUMN, PARTNER_COUNT_DAYS),
        count_columns=each(_COUNT_COLUMN, KNOWN_COUNT_DAYS),
        rate_columns=each(_RATE_COLUMN, KNOWN_RATE_DAYS),
        last_columns=each(_LAST_COLUMN, KNOWN_LAST),
    )
