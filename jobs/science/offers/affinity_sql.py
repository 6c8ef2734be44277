"""Statements that bring customers and offers of a catalogue together by past purchases; whole seconds, plain SQL.

Every number of a statement is a count of purchases or a share of them, so that the same purchases give the same lists.
``{p}`` is the prefix of a catalogue's own tables.
"""

KEEP = "CREATE TEMP TABLE {p}{name} AS SELECT * FROM handed"

BOUGHT = """
CREATE TEMP TABLE {p}bought AS
WITH known AS (
    SELECT transaction_id, max_by(is_fraud, reported_s) AS is_fraud
    FROM fraud_reports WHERE reported_s < {end_s} GROUP BY transaction_id),
own AS (
    SELECT t.customer_id AS account_id, t.partner_id
    FROM transactions t LEFT JOIN known k ON k.transaction_id = t.transaction_id
    WHERE t.occurred_s >= {first_s} AND t.occurred_s < {end_s} AND NOT coalesce(k.is_fraud, false))
SELECT o.account_id, l.category, l.partner, count(*) AS times
FROM own o JOIN {p}lines l ON l.partner_id = o.partner_id
GROUP BY o.account_id, l.category, l.partner
"""
"""Purchases of each account by category and partner of the catalogue; what is known to be fraud was not its own."""

CATEGORIES = """
CREATE TEMP TABLE {p}categories AS
WITH sold AS (SELECT category, sum(times) AS times FROM {p}bought GROUP BY category),
listed AS (SELECT DISTINCT category FROM {p}offers)
SELECT l.category, coalesce(s.times, 0) AS times,
    (coalesce(s.times, 0) + 1.0) / (sum(coalesce(s.times, 0)) OVER () + count(*) OVER ()) AS share
FROM listed l LEFT JOIN sold s ON s.category = l.category
"""
"""Share of each category in all purchases; one purchase more than there was, so that no share is 0."""

PARTNERS = """
CREATE TEMP TABLE {p}partners AS
WITH sold AS (SELECT partner, sum(times) AS times FROM {p}bought WHERE partner >= 0 GROUP BY partner),
listed AS (SELECT DISTINCT partner, category FROM {p}offers)
SELECT l.partner, l.category,
    (coalesce(s.times, 0) + 1.0) / (c.times + count(*) OVER (PARTITION BY l.category)) AS share
FROM listed l JOIN {p}categories c ON c.category = l.category LEFT JOIN sold s ON s.partner = l.partner
"""
"""Share of each partner in the purchases of its category."""

PRICED = """
CREATE TEMP TABLE {p}listed AS
SELECT o.offer, o.arm, o.category, o.partner, c.share AS category_share, p.share AS partner_share
FROM {p}offers o JOIN {p}categories c ON c.category = o.category JOIN {p}partners p ON p.partner = o.partner
"""
"""Offers with how popular their category and partner are."""

LEADERS = """
CREATE TEMP TABLE {p}leaders AS
WITH placed AS (
    SELECT category, offer,
        row_number() OVER (PARTITION BY category ORDER BY category_share * partner_share DESC, offer) AS place,
        row_number() OVER (PARTITION BY category, arm ORDER BY category_share * partner_share DESC, offer) AS of_arm
    FROM {p}listed)
SELECT category, offer FROM placed WHERE place <= {most} OR of_arm = 1
"""
"""Most popular offers of each category, and of each arm in it."""

POPULAR = """
CREATE TEMP TABLE {p}popular AS
WITH placed AS (
    SELECT offer, category_share * partner_share AS popularity,
        row_number() OVER (ORDER BY category_share * partner_share DESC, offer) AS place,
        row_number() OVER (PARTITION BY arm ORDER BY category_share * partner_share DESC, offer) AS of_arm
    FROM {p}listed),
ordered AS (
    SELECT offer, place, of_arm,
        row_number() OVER (ORDER BY CASE WHEN of_arm = 1 THEN 0 ELSE 1 END, place) AS rank
    FROM placed)
SELECT offer, rank FROM ordered WHERE place <= {most} OR of_arm = 1
"""
"""Most popular offers of all, one of each arm first: the list of who has bought nothing."""

COLD = "SELECT offer FROM {p}popular WHERE rank <= {most} ORDER BY rank"

# The candidates of a customer are the best of all offers, although few are looked at: within a category that he bought
# in, offers at partners where he bought nothing are in the order of popularity, and so are all offers of categories
# that he never bought in.
_SCORED = """
WITH mine AS (
    SELECT a.place, b.category, b.partner, b.times
    FROM asked a JOIN {p}bought b ON b.account_id = a.account_id),
of_category AS (SELECT place, category, sum(times) AS times FROM mine GROUP BY place, category),
of_customer AS (SELECT place, sum(times) AS times FROM of_category GROUP BY place),
looked_at AS (
    SELECT m.place, o.offer FROM mine m JOIN {p}listed o ON o.partner = m.partner
    UNION
    SELECT c.place, l.offer FROM of_category c JOIN {p}leaders l ON l.category = c.category
    UNION
    SELECT u.place, l.offer FROM of_customer u CROSS JOIN {p}popular l),
counted AS (
    SELECT k.place, k.offer, o.arm, o.category_share, o.partner_share, u.times AS n,
        coalesce(c.times, 0) AS of_category, coalesce(m.times, 0) AS of_partner
    FROM looked_at k JOIN {p}listed o ON o.offer = k.offer
    JOIN of_customer u ON u.place = k.place
    LEFT JOIN of_category c ON c.place = k.place AND c.category = o.category
    LEFT JOIN mine m ON m.place = k.place AND m.partner = o.partner),
scored AS (
    SELECT place, offer, arm, of_category, of_partner,
        {category_relative} * {partner_relative} AS relative,
        category_share * partner_share * {category_relative} * {partner_relative} AS affinity
    FROM counted),
first AS (
    SELECT place, offer, arm, of_category, of_partner, relative, affinity,
        row_number() OVER (PARTITION BY place, arm ORDER BY affinity DESC, offer) AS of_arm
    FROM scored),
ranked AS (
    SELECT place, offer, arm, of_category, of_partner, relative,
        row_number() OVER (
            PARTITION BY place ORDER BY CASE WHEN of_arm = 1 THEN 0 ELSE 1 END, affinity DESC, offer) AS rank
    FROM first)
"""

_CATEGORY_RELATIVE = "((of_category + {m} * category_share) / ((n + {m}) * category_share))"
_PARTNER_RELATIVE = "((of_partner + {m} * partner_share) / ((of_category + {m}) * partner_share))"

_PLAIN = "SELECT place, rank, offer, of_category, of_partner FROM ranked WHERE rank <= {most}"

WEIGHTS = (
    """
CREATE TEMP TABLE {p}arm_category AS
SELECT arm, category, sum(weight) AS weight FROM {p}offers GROUP BY arm, category
""",
    """
CREATE TEMP TABLE {p}arm_partner AS
SELECT arm, partner, sum(weight) AS weight FROM {p}offers GROUP BY arm, partner
""",
)
"""How much of each arm the trial drew in a category, and at a partner."""

# The mean over an arm's offers is that of customers who bought nothing, mended for categories and partners he knows.
_SPREAD = """,
of_known_category AS (
    SELECT c.place, w.arm, sum(w.weight * (
        pow((c.times + {m} * k.share) / ((u.times + {m}) * k.share) * {m} / (c.times + {m}), {s})
        - pow({m} / (u.times + {m}), {s}))) AS added
    FROM of_category c JOIN of_customer u ON u.place = c.place JOIN {p}categories k ON k.category = c.category
    JOIN {p}arm_category w ON w.category = c.category GROUP BY c.place, w.arm),
of_known_partner AS (
    SELECT m.place, w.arm, sum(w.weight * (
        pow((c.times + {m} * k.share) / ((u.times + {m}) * k.share)
            * (m.times + {m} * q.share) / ((c.times + {m}) * q.share), {s})
        - pow((c.times + {m} * k.share) / ((u.times + {m}) * k.share) * {m} / (c.times + {m}), {s}))) AS added
    FROM mine m JOIN of_customer u ON u.place = m.place
    JOIN of_category c ON c.place = m.place AND c.category = m.category
    JOIN {p}categories k ON k.category = m.category JOIN {p}partners q ON q.partner = m.partner
    JOIN {p}arm_partner w ON w.partner = m.partner GROUP BY m.place, w.arm)
SELECT r.place, r.rank, r.offer, r.of_category, r.of_partner,
    pow(r.relative, {s}) / (pow({m} / (u.times + {m}), {s}) + coalesce(c.added, 0) + coalesce(p.added, 0)) AS times
FROM ranked r JOIN of_customer u ON u.place = r.place
LEFT JOIN of_known_category c ON c.place = r.place AND c.arm = r.arm
LEFT JOIN of_known_partner p ON p.place = r.place AND p.arm = r.arm
WHERE r.rank <= {most}
"""


def candidates_statement(prefix: str, most: int, prior_purchases: float, strength: float) -> str:
    """Return the statement that gives the candidates of the accounts in ``asked`` that bought something.

    Parameters
    ----------
    prefix : str
        Of the catalogue's tables.
    most : int
        Candidates of a customer at most.
    prior_purchases : float
        Purchases that popularity counts for, > 0.
    strength : float
        Elasticity of the effect to relative affinity; 0 leaves the multiplier ``times`` out.
    """
    relative = {
        "category_relative": _CATEGORY_RELATIVE.format(m=repr(prior_purchases)),
        "partner_relative": _PARTNER_RELATIVE.format(m=repr(prior_purchases)),
    }
    text = _SCORED + (_SPREAD if strength else _PLAIN)
    return text.format(p=prefix, most=most, m=f"{prior_purchases!r}", s=f"({strength!r})", **relative)
