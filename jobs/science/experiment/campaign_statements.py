"""Statements that join a campaign's nights: offers spread over nights, promises, outcomes, sales, explorers."""

TABLES = """
CREATE TABLE outcomes (customer_id VARCHAR, run_date DATE, outcome DOUBLE);
CREATE TABLE decided (customer_id VARCHAR, run_date DATE, held BOOLEAN, segment VARCHAR, fraud DOUBLE);
CREATE TABLE made (customer_id VARCHAR, run_date DATE, arm VARCHAR, partner_id VARCHAR, net DOUBLE, cost DOUBLE,
    factor DOUBLE);
CREATE TABLE drawn (customer_id VARCHAR, run_date DATE, arm VARCHAR, propensities VARCHAR);
CREATE TABLE scores (customer_id VARCHAR, run_date DATE, arm VARCHAR, effect DOUBLE, account_id VARCHAR);
CREATE TABLE sales (account_id VARCHAR, partner_id VARCHAR, day DATE, amount DOUBLE);
CREATE TABLE grid (run_date DATE);
"""

EFFECTS = "SELECT customer_id, run_date, arm, min(effect) AS effect FROM scores GROUP BY ALL"
"""Of a customer who was scored twice the lowest effect counts, as in the allocation."""

FEATURES = """
CREATE OR REPLACE TABLE features AS
SELECT customer_id, run_date, min(account_id) AS account_id, {scores}
FROM scores SEMI JOIN grid USING (run_date) GROUP BY customer_id, run_date
"""

SHARED = """
CREATE OR REPLACE TABLE shared AS
SELECT m.*, g.run_date AS grid_date,
    ({days} - abs(date_diff('day', m.run_date, g.run_date))) / {days}.0::DOUBLE AS share
FROM made m JOIN grid g ON abs(date_diff('day', m.run_date, g.run_date)) < {days}
"""

# Of an offer whose score is gone the effect is what its net and its contact leave.
PROMISED = f"""
CREATE OR REPLACE TABLE promised AS
SELECT customer_id, grid_date AS run_date,
    sum(share * effect ORDER BY made_on) AS model,
    sum(share * effect * factor ORDER BY made_on) AS promised,
    sum(share * cost ORDER BY made_on) AS cost,
    sum(share * (effect * factor - cost - net) ORDER BY made_on) AS loss
FROM (
    SELECT m.customer_id, m.grid_date, m.run_date AS made_on, m.share, m.cost, m.net, m.factor,
        coalesce(s.effect, (m.net + m.cost) / nullif(m.factor, 0), 0) AS effect
    FROM shared m LEFT JOIN ({EFFECTS}) s USING (customer_id, run_date, arm)
) GROUP BY customer_id, grid_date
"""  # noqa: S608  our own text

TRIAL = """
CREATE OR REPLACE TABLE trial AS
SELECT row_number() OVER (ORDER BY run_date, customer_id) - 1 AS place, customer_id, run_date,
    coalesce(f.account_id, customer_id) AS account_id, d.held, d.segment, o.outcome, coalesce(d.fraud, 0) AS fraud,
    coalesce(p.model, 0) AS model, coalesce(p.promised, 0) AS promised, coalesce(p.cost, 0) AS cost,
    coalesce(p.loss, 0) AS loss, {scores}
FROM decided d SEMI JOIN grid USING (run_date) JOIN outcomes o USING (customer_id, run_date)
LEFT JOIN features f USING (customer_id, run_date) LEFT JOIN promised p USING (customer_id, run_date)
ANTI JOIN left_out USING (customer_id)
"""

SPENT = """
CREATE OR REPLACE TABLE spent AS
SELECT place, partner_id,
    coalesce(sum(amount ORDER BY day, amount) FILTER (day > run_date), 0) AS within,
    coalesce(sum(amount ORDER BY day, amount) FILTER (day <= run_date), 0) AS before
FROM trial t JOIN sales s
    ON s.account_id = t.account_id AND s.day > t.run_date - {days} AND s.day <= t.run_date + {days}
GROUP BY place, partner_id
"""

ROWS = """
SELECT t.* EXCLUDE (place, account_id), coalesce(s.spent_before, 0) AS spent_before
FROM trial t LEFT JOIN (SELECT place, sum(before ORDER BY partner_id) AS spent_before FROM spent GROUP BY place) s
    USING (place)
ORDER BY place
"""

OFFERS_AT_PARTNERS = """
SELECT m.partner_id, sum(m.share ORDER BY m.customer_id, m.run_date),
    sum(m.share * m.cost ORDER BY m.customer_id, m.run_date)
FROM shared m JOIN trial t ON t.customer_id = m.customer_id AND t.run_date = m.grid_date
WHERE m.partner_id <> '' GROUP BY m.partner_id ORDER BY m.partner_id
"""

EXPLORERS = f"""
SELECT d.arm, d.propensities, t.outcome, coalesce(m.factor * s.effect, 0) AS promised
FROM drawn d JOIN trial t USING (customer_id, run_date) LEFT JOIN made m USING (customer_id, run_date)
LEFT JOIN ({EFFECTS}) s ON s.customer_id = d.customer_id AND s.run_date = d.run_date AND s.arm = d.arm
WHERE NOT t.held ORDER BY t.place
"""  # noqa: S608  our own text
