"""The campaign of the made-up world: two offers at two contact windows, and how the trial drew them."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from jobs.tables.declare import Column

CAMPAIGN_ID = "spring"
CONTROL = "none"
CONTROL_PROPENSITY = 0.32
OUTCOME_WINDOW_DAYS = 28


@dataclass(frozen=True)
class SyntheticArm:
    """An offer at a contact window.

    Parameters
    ----------
    name, offer, contact_window : str
        How the campaign calls them.
    partner : int
        Number of the partner whose offer it is.
    discount_eur : float
        Euro paid for every redeemed visit.
    contact_cost_eur : float
        Euro of one contact.
    propensity : float
        Probability in the trial, in (0, 1).
    cap_share : float
        Most customers that may get it in one night, as a share of all.
    """

    name: str
    offer: str
    contact_window: str
    partner: int
    discount_eur: float
    contact_cost_eur: float
    propensity: float
    cap_share: float


ARMS = (
    SyntheticArm("cashback-morning", "cashback", "morning", 0, 5.0, 0.45, 0.22, 0.06),
    SyntheticArm("cashback-evening", "cashback", "evening", 0, 5.0, 0.60, 0.18, 0.06),
    SyntheticArm("points-morning", "points", "morning", 1, 2.0, 0.20, 0.16, 0.10),
    SyntheticArm("points-evening", "points", "evening", 1, 2.0, 0.30, 0.12, 0.10),
)


def _number(name: str, unit: str, doc: str) -> Column:
    return Column(name, pa.float64(), unit, doc, nullable=True)


FEATURES = (
    _number("age_years", "year", "age"),
    _number("recency_days", "day", "days since the last purchase"),
    _number("purchases_90d", "count", "purchases in the last 90 days"),
    _number("basket_eur", "euro", "mean basket"),
    _number("app_sessions_30d", "count", "sessions in the app in the last 30 days"),
    _number("open_share", "in [0, 1]", "share of messages opened"),
    _number("discount_share", "in [0, 1]", "share of purchases made with a discount"),
    _number("contacts_30d", "count", "marketing contacts in the last 30 days"),
    Column("channel", pa.string(), "", "where the customer buys", nullable=True),
    Column("region", pa.string(), "", "where the customer lives", nullable=True),
)
"""Features of a customer that the campaign declares, beside the core columns."""

VISITS = Column("visits", pa.float64(), "count", "visits within the outcome window", low=0)
"""The trial's other outcome: easy to move, and wrong money."""


def describe(customers: int, partner_ids: tuple[str, ...]) -> dict[str, Any]:
    """Return the campaign as plain values, laid out as a campaign file is.

    Parameters
    ----------
    customers : int
        Customers of the world: budget and caps grow with them.
    partner_ids : tuple of str
        Ids of the partners, by number.

    Returns
    -------
    dict
        Plain values only: str, int, float, list and dict.

    Examples
    --------
    >>> describe(10_000, ("p0000", "p0001"))["arms"][0]["contact_cost_eur"]
    0.45
    """
    return {
        "id": CAMPAIGN_ID,
        "owner": "marketing@example.com",
        "control": CONTROL,
        "outcome": "net_margin_eur",
        "unit_margin_eur": 1.0,
        "outcome_window_days": OUTCOME_WINDOW_DAYS,
        "budget_eur": round(0.05 * customers, 2),
        "holdout_share": 0.1,
        "fraud_limit": 0.2,
        "fraud_loss_eur": 5.0,
        "expiry_days": OUTCOME_WINDOW_DAYS,
        "partner_risk": {"limit": 0.5, "then": "mask"},
        "features": [
            {"name": c.name, "type": "category" if c.type == pa.string() else "number", "unit": c.unit}
            for c in FEATURES
        ],
        "arms": [
            {
                "name": a.name,
                "offer": a.offer,
                "partner_id": partner_ids[a.partner],
                "contact_window": a.contact_window,
                "contact_cost_eur": a.contact_cost_eur,
                "cap": max(1, int(a.cap_share * customers)),
            }
            for a in ARMS
        ],
    }
