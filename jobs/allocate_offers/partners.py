"""Merchant partners of a night's arms: how risky each is, and in words what that did to the offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jobs.runtime.stores import Stores
from jobs.storage.tables import read_whole
from jobs.tables.outputs import PARTNER_RISK


@dataclass(frozen=True)
class PartnerRisk:
    """How risky a partner is tonight.

    Parameters
    ----------
    probability : float
        In [0, 1].
    by_model : bool
        Whether it is a model's calibrated probability that the partner is risky; else, where none is at work, the
        share of its payments that is expected to be fraud.
    """

    probability: float
    by_model: bool


def partner_risks(run_date: date, partners: Sequence[str], stores: Stores) -> dict[str, PartnerRisk]:
    """Read the risk of some partners; who has had no payment lately is not among them.

    Parameters
    ----------
    run_date : datetime.date
        Which night.
    partners : sequence of str
        Their ids.
    stores : Stores
        Where ``partner_risk`` is.
    """
    if not partners:
        return {}
    where = {"run_date": run_date, "partner_id": list(partners)}
    rows = read_whole(stores.tables, PARTNER_RISK, where, ["partner_id", "risk_probability", "fraud_rate_shrunk"])
    found = {}
    for row in rows.sort_by("partner_id").to_pylist():
        by_model = row["risk_probability"] is not None
        found[row["partner_id"]] = PartnerRisk(
            row["risk_probability"] if by_model else row["fraud_rate_shrunk"], by_model
        )
    return found
