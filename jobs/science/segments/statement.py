"""What each customer did, in SQL: recency, frequency, money, and when and where the payments were made.

Whole seconds and whole hundredths of a cent, so that the same payments give the same rows on every run.
"""

from jobs.science.fraud.engine import DAY_S

EVENING_HOURS = (17, 23)
"""First and last hour of an evening, UTC."""

_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday, counted from Monday

_BEHAVIOUR = """
CREATE TEMP TABLE behaviour AS
WITH known AS (
    SELECT transaction_id, arg_max(is_fraud, reported_s) AS is_fraud
    FROM fraud_reports WHERE reported_s < {end_s} GROUP BY transaction_id),
own AS (
    SELECT t.customer_id, t.partner_id, t.occurred_s, t.amount_units
    FROM transactions t LEFT JOIN known k ON k.transaction_id = t.transaction_id
    WHERE t.occurred_s >= {first_s} AND t.occurred_s < {end_s} AND NOT coalesce(k.is_fraud, false)),
at_partner AS (SELECT customer_id, count(*) AS payments FROM own GROUP BY customer_id, partner_id),
at_favourite AS (SELECT customer_id, max(payments) AS favourite FROM at_partner GROUP BY customer_id),
whole AS (
    SELECT customer_id, count(*) AS payments, max(occurred_s) AS last_s, sum(amount_units) AS units,
        count(*) FILTER (WHERE (occurred_s % {day_s}) // 3600 BETWEEN {evening_from} AND {evening_to}) AS evening,
        count(*) FILTER (WHERE (occurred_s // {day_s} + {first_weekday}) % 7 >= 5) AS weekend,
        count(*) FILTER (WHERE occurred_s >= {middle_s}) AS recent
    FROM own GROUP BY customer_id)
SELECT w.customer_id AS account_id, CAST(w.payments AS BIGINT) AS payments, CAST(w.last_s AS BIGINT) AS last_s,
    CAST(w.units AS BIGINT) AS units, CAST(w.evening AS BIGINT) AS evening, CAST(w.weekend AS BIGINT) AS weekend,
    CAST(f.favourite AS BIGINT) AS favourite, CAST(w.recent AS BIGINT) AS recent
FROM whole w JOIN at_favourite f ON f.customer_id = w.customer_id
"""

_CUSTOMERS = "CREATE TEMP TABLE customers (customer_id VARCHAR, account_id VARCHAR)"

INSERT_CUSTOMERS = """
INSERT INTO customers SELECT customer_id, coalesce(account_id, customer_id) FROM source
"""

PAID_BY_CUSTOMERS = """
SELECT b.* FROM behaviour b WHERE b.account_id IN (SELECT account_id FROM customers)
ORDER BY md5(b.account_id), b.account_id LIMIT {rows}
"""
"""Behaviour of some accounts, the same ones on every run."""

EVERY_CUSTOMER = """
SELECT c.customer_id, c.account_id, b.payments, b.last_s, b.units, b.evening, b.weekend, b.favourite, b.recent
FROM customers c LEFT JOIN behaviour b ON b.account_id = c.account_id
"""

UNKNOWN_PAYERS = """
SELECT count(*) FROM behaviour b WHERE b.account_id NOT IN (SELECT account_id FROM customers)
"""


def behaviour_statement(first_s: int, end_s: int) -> str:
    """Return the statement that makes the table ``behaviour``, a row for each account that paid.

    Payments that are known to be fraud by the end were not the customer's: they are left out.

    Parameters
    ----------
    first_s, end_s : int
        The window, from the first second up to, not with, the last; epoch seconds.
    """
    return _BEHAVIOUR.format(
        first_s=first_s,
        end_s=end_s,
        middle_s=first_s + (end_s - first_s) // 2,
        day_s=DAY_S,
        first_weekday=_FIRST_WEEKDAY,
        evening_from=EVENING_HOURS[0],
        evening_to=EVENING_HOURS[1],
    )


def customers_statement() -> str:
    """Return the statement that makes the empty table ``customers``."""
    return _CUSTOMERS
