"""The SQL of partners' features on whole days: what was known of each partner at the start of each day.

Day d is a number of days since 1970, and a row speaks of its start:

- payments count up to day d - 1;
- labelled payments are those that are more than the label delay old; the windows of 7 and of 28 days over them
  end there, and a payment in them is fraud if the last report known by then says so;
- a report that is known before its payment has matured counts apart, as an early one.
"""

WINDOWS_DAYS = (7, 28)
PAST_DAYS = 35
"""A partner's own past: the 28 days before the last 7."""

LAST_LABELS = 5
"""Labels that the most recent known fraud rate looks back over; whole days, so sometimes a few more."""

RISKY_TIMES = 5
RISKY_FRAUDS = 2
"""A partner is risky to its neighbours from so many known frauds on, at so many times the rate of all."""

REPEAT_PARTNERS = 3
"""Who had known frauds at so many partners disputes again and again: each of them meets such a one at two others."""

# The state of a label holds on days known_d up to, not with, until_d. Two states of one day: the later one stands.
LABELS = """
CREATE TEMP TABLE labels AS
WITH told AS (
    SELECT t.partner_id, t.customer_id, t.device_id, t.t, r.transaction_id, r.is_fraud,
        coalesce(r.reported_s, t.occurred_s + {delay} * 86400) AS known_s
    FROM fraud_reports AS r JOIN transactions AS t ON t.transaction_id = r.transaction_id
),
days_of AS (
    SELECT *, CAST((known_s + 86399) // 86400 AS INTEGER) AS known_d,
        lead(known_s) OVER (PARTITION BY transaction_id ORDER BY known_s, is_fraud) AS next_s
    FROM told
)
SELECT partner_id, customer_id, device_id, t, is_fraud, known_d,
    CASE WHEN next_s IS NULL THEN 2147483647 ELSE CAST((next_s + 86399) // 86400 AS INTEGER) END AS until_d
FROM days_of
"""

# Many days read sums of a partner's day; a single day reads the payments themselves, once.
DAILY_TABLE = """
CREATE TEMP TABLE daily AS
SELECT partner_id, t, CAST(count(*) AS INTEGER) AS n, CAST(sum(units) AS BIGINT) AS units,
    CAST(sum({night}) AS INTEGER) AS night, CAST(sum({refund}) AS INTEGER) AS refunds
FROM transactions GROUP BY partner_id, t
"""
DAILY_VIEW = """
CREATE TEMP VIEW daily AS
SELECT partner_id, t, 1 AS n, units, {night} AS night, {refund} AS refunds FROM transactions
"""
_NIGHT = "CASE WHEN occurred_s % 86400 < 25200 THEN 1 ELSE 0 END"
_REFUND = "CASE WHEN is_refund THEN 1 ELSE 0 END"

KNOWN = """
CREATE TEMP TABLE known AS
SELECT partner_id, d, t, sum(CASE WHEN is_fraud THEN 1 ELSE 0 END) AS frauds, count(*) AS reports
FROM {labels}
WHERE d >= known_d AND d < until_d
GROUP BY partner_id, d, t
"""

VOLUMES = """
CREATE TEMP TABLE volumes AS
SELECT partner_id, d,
    sum(CASE WHEN t >= d - 7 THEN n ELSE 0 END) AS recent_7d,
    sum(CASE WHEN t >= d - 28 THEN n ELSE 0 END) AS recent_28d,
    sum(CASE WHEN t = d - 1 THEN n ELSE 0 END) AS recent_1d,
    sum(CASE WHEN t < d - 7 AND t >= d - {past} THEN n ELSE 0 END) AS past_28d,
    sum(CASE WHEN t < d - {delay} AND t >= d - {delay} - 7 THEN n ELSE 0 END) AS transactions_7d,
    sum(CASE WHEN t < d - {delay} AND t >= d - {delay} - 28 THEN n ELSE 0 END) AS transactions_28d,
    sum(CASE WHEN t >= d - 7 THEN units ELSE 0 END) AS units_7d,
    sum(CASE WHEN t < d - 7 AND t >= d - {past} THEN units ELSE 0 END) AS units_past,
    sum(CASE WHEN t >= d - 28 THEN night ELSE 0 END) AS night_28d,
    sum(CASE WHEN t >= d - 7 THEN night ELSE 0 END) AS night_7d,
    sum(CASE WHEN t >= d - 28 AND (t + 3) % 7 >= 5 THEN n ELSE 0 END) AS weekend_28d,
    sum(CASE WHEN t >= d - 28 THEN refunds ELSE 0 END) AS refunds_28d,
    min(t) AS first_t
FROM {daily}
GROUP BY partner_id, d
"""

LABEL_SUMS = """
CREATE TEMP TABLE label_sums AS
SELECT partner_id, d,
    sum(CASE WHEN t < d - {delay} AND t >= d - {delay} - 7 THEN frauds ELSE 0 END) AS frauds_7d,
    sum(CASE WHEN t < d - {delay} AND t >= d - {delay} - 28 THEN frauds ELSE 0 END) AS frauds_28d,
    sum(CASE WHEN t < d - {delay} AND t >= d - {delay} - 28 THEN reports - frauds ELSE 0 END) AS disputes_28d,
    sum(CASE WHEN t >= d - {delay} THEN frauds ELSE 0 END) AS early_frauds
FROM known GROUP BY partner_id, d
"""

# Only a partner with a known fraud has a streak: the others' payments are not looked at again.
STREAKS = """
CREATE TEMP TABLE streaks AS
WITH by_day AS (
    SELECT s.partner_id, s.d, s.t, sum(s.n) AS n
    FROM {daily} AS s
    JOIN (SELECT partner_id, d FROM label_sums WHERE frauds_28d > 0) AS m ON m.partner_id = s.partner_id AND m.d = s.d
    WHERE s.t < s.d - {delay} AND s.t >= s.d - {delay} - 28
    GROUP BY s.partner_id, s.d, s.t
),
labelled AS (
    SELECT b.partner_id, b.d, b.t, b.n, coalesce(k.frauds, 0) AS f
    FROM by_day AS b LEFT JOIN known AS k ON k.partner_id = b.partner_id AND k.d = b.d AND k.t = b.t
),
ordered AS (
    SELECT *,
        sum(n) OVER (PARTITION BY partner_id, d ORDER BY t DESC) - n AS later,
        max(CASE WHEN n > f THEN t ELSE 0 END) OVER (PARTITION BY partner_id, d) AS clean_t,
        max(CASE WHEN f > 0 THEN t END) OVER (PARTITION BY partner_id, d) AS fraud_t
    FROM labelled
)
SELECT partner_id, d,
    d - max(fraud_t) AS last_fraud_days,
    d - min(CASE WHEN f > 0 THEN t END) AS first_fraud_days,
    sum(CASE WHEN t > clean_t THEN f ELSE 0 END) AS streak,
    d - min(CASE WHEN f > 0 AND t >= clean_t THEN t END) AS streak_days,
    sum(CASE WHEN t > fraud_t THEN n ELSE 0 END) AS clean_since,
    sum(CASE WHEN later < {last} THEN f ELSE 0 END) / sum(CASE WHEN later < {last} THEN n ELSE 0 END) AS last_labels
FROM ordered GROUP BY partner_id, d
"""

# A customer of one risky partner is shared by every other one; of two or more, by all. Payments are read once for
# those and for who disputes again and again.
SHARED = """
CREATE TEMP TABLE shared_{who} AS
WITH everyone AS (
    SELECT d, sum(frauds_28d) / greatest(sum(n), 1) AS rate
    FROM (SELECT v.d, v.transactions_28d AS n, coalesce(l.frauds_28d, 0) AS frauds_28d
        FROM volumes AS v LEFT JOIN label_sums AS l ON l.partner_id = v.partner_id AND l.d = v.d)
    GROUP BY d
),
risky AS (
    SELECT l.partner_id, l.d
    FROM label_sums AS l
    JOIN volumes AS v ON v.partner_id = l.partner_id AND v.d = l.d
    JOIN everyone AS e ON e.d = l.d
    WHERE l.frauds_28d >= {risky_frauds} AND l.frauds_28d > {risky_times} * e.rate * v.transactions_28d
),
seen AS (
    SELECT s.{column} AS who, s.d, min(s.partner_id) AS one, max(s.partner_id) AS other
    FROM {payments} AS s JOIN risky AS r ON r.partner_id = s.partner_id AND r.d = s.d
    WHERE s.{column} IS NOT NULL
    GROUP BY s.{column}, s.d
),
again AS (
    SELECT {column} AS who, d FROM {labels}
    WHERE d >= known_d AND d < until_d AND is_fraud AND {column} IS NOT NULL
    GROUP BY {column}, d HAVING count(DISTINCT partner_id) >= {repeat_partners}
),
marked AS (
    SELECT who, d, min(one) AS one, max(other) AS other, max(again) AS again
    FROM (SELECT who, d, one, other, 0 AS again FROM seen UNION ALL SELECT who, d, NULL, NULL, 1 FROM again)
    GROUP BY who, d
)
SELECT s.partner_id, s.d, sum(c.again) AS again,
    sum(CASE WHEN c.one <> s.partner_id OR c.other <> s.partner_id THEN 1 ELSE 0 END) AS shared
FROM {recent} AS s JOIN marked AS c ON c.who = s.{column} AND c.d = s.d
GROUP BY s.partner_id, s.d
"""

RESULT = """
SELECT v.*,
    CAST(coalesce(l.frauds_7d, 0) AS BIGINT) AS frauds_7d, CAST(coalesce(l.frauds_28d, 0) AS BIGINT) AS frauds_28d,
    CAST(coalesce(l.disputes_28d, 0) AS BIGINT) AS disputes_28d,
    CAST(coalesce(l.early_frauds, 0) AS BIGINT) AS early_frauds,
    s.last_fraud_days, s.first_fraud_days, CAST(coalesce(s.streak, 0) AS BIGINT) AS streak, s.streak_days,
    s.clean_since, coalesce(s.last_labels, 0.0) AS last_labels,
    CAST(coalesce(c.shared, 0) AS BIGINT) AS shared_customers, {shared_devices} AS shared_devices,
    CAST(coalesce(c.again, 0) AS BIGINT) AS repeat_customers, {repeat_devices} AS repeat_devices
FROM volumes AS v
LEFT JOIN label_sums AS l ON l.partner_id = v.partner_id AND l.d = v.d
LEFT JOIN streaks AS s ON s.partner_id = v.partner_id AND s.d = v.d
LEFT JOIN shared_customer AS c ON c.partner_id = v.partner_id AND c.d = v.d
{device_join}
ORDER BY v.d, v.partner_id
"""

TARGETS = """
SELECT v.partner_id, v.d, sum(v.n) AS n, sum(coalesce(k.frauds, 0)) AS frauds
FROM (SELECT partner_id, d, t, sum(n) AS n FROM {ahead} GROUP BY partner_id, d, t) AS v
LEFT JOIN (
    SELECT partner_id, t, sum(CASE WHEN is_fraud THEN 1 ELSE 0 END) AS frauds FROM labels
    WHERE known_d <= {known_by} AND until_d > {known_by} GROUP BY partner_id, t
) AS k ON k.partner_id = v.partner_id AND k.t = v.t
GROUP BY v.partner_id, v.d
ORDER BY v.d, v.partner_id
"""


_ONE_DAY = "(SELECT *, {first} AS d FROM {source} WHERE t BETWEEN {first} - {farthest} AND {first} - {nearest})"
_MANY_DAYS = """(
    SELECT *, CAST(unnest(range(greatest(t + {nearest}, {first}), least(t + {farthest}, {last}) + 1)) AS INTEGER) AS d
    FROM {source} WHERE t BETWEEN {first} - {farthest} AND {last} - {nearest})"""


def lookback_days(label_delay_days: int) -> int:
    """Return how many days before a day can matter to a partner's features.

    Examples
    --------
    >>> lookback_days(7), lookback_days(14)
    (35, 42)
    """
    return max(PAST_DAYS, max(WINDOWS_DAYS) + label_delay_days)


def statements(first_d: int, last_d: int, label_delay_days: int, *, devices: bool) -> list[str]:
    """Return the statements that leave the tables of every partner and day behind, in order.

    Parameters
    ----------
    first_d, last_d : int
        Days that get a row for each partner with payments before them, days since 1970.
    label_delay_days : int
        Days after which an unreported payment counts as genuine.
    devices : bool
        Whether payments say on which device.

    Returns
    -------
    list of str
        For a connection with ``transactions`` and ``fraud_reports``; the last one is a query.
    """
    back = lookback_days(label_delay_days)
    daily = _days_after("daily", first_d, last_d, 1, back)
    values = {
        "delay": label_delay_days,
        "past": PAST_DAYS,
        "last": LAST_LABELS,
        "risky_frauds": RISKY_FRAUDS,
        "risky_times": RISKY_TIMES,
        "daily": daily,
        "night": _NIGHT,
        "refund": _REFUND,
        "labels": _days_after("labels", first_d, last_d, 1, back),
        "payments": _days_after("transactions", first_d, last_d, 1, back),
        "recent": _days_after("transactions", first_d, last_d, 1, 7),
        "repeat_partners": REPEAT_PARTNERS,
        "shared_devices": "CAST(coalesce(e.shared, 0) AS BIGINT)" if devices else "CAST(NULL AS BIGINT)",
        "repeat_devices": "CAST(coalesce(e.again, 0) AS BIGINT)" if devices else "CAST(NULL AS BIGINT)",
        "device_join": "LEFT JOIN shared_device AS e ON e.partner_id = v.partner_id AND e.d = v.d" if devices else "",
    }
    made = [LABELS, DAILY_VIEW if first_d == last_d else DAILY_TABLE, KNOWN, VOLUMES, LABEL_SUMS, STREAKS]
    made = [template.format(**values) for template in made]
    for who in ("customer", "device") if devices else ("customer",):
        made.append(SHARED.format(who=who, column=f"{who}_id", **values))
    return [*made, RESULT.format(**values)]


def target_statement(first_d: int, last_d: int, horizon_days: int, known_by: int) -> str:
    """Return the query of what became known of the days that follow each day: payments and frauds among them.

    Parameters
    ----------
    first_d, last_d : int
        Days that get a row, days since 1970.
    horizon_days : int
        Days from a day on, itself included, that are looked ahead.
    known_by : int
        Day at whose start a report must be known.

    Returns
    -------
    str
        For a connection in which `statements` was run.
    """
    return TARGETS.format(ahead=_days_after("daily", first_d, last_d, 1 - horizon_days, 0), known_by=known_by)


def _days_after(source: str, first_d: int, last_d: int, nearest: int, farthest: int) -> str:
    """Give each row a copy for each day d with t + nearest <= d <= t + farthest; a single day needs no copies."""
    template = _ONE_DAY if first_d == last_d else _MANY_DAYS
    return template.format(source=source, first=first_d, last=last_d, nearest=nearest, farthest=farthest)
