"""What each arm of a campaign is worth for its customers, and which pairs may be offered at all."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.allocate_offers.scored import Scored
from jobs.allocate_offers.setting import Setting
from jobs.runtime.campaign import Campaign
from jobs.science.experiment.holdout import below, id_numbers
from jobs.science.offers.eligibility import may_be_offered, screen, settle
from jobs.science.offers.value import net_value


@dataclass(frozen=True)
class Valued:
    """What each arm is worth for scored customers, and who may be offered what.

    Parameters
    ----------
    campaign : Campaign
        Whose arms these are.
    scored : Scored
        The customers.
    fraud : ndarray of shape (n,)
        Probability that a purchase is fraud.
    refused : ndarray of shape (n,), int8
        Reason why no offer is allowed, or OFFERED where one is.
    value : ndarray of shape (n, k), float32
        Net euro of each arm.
    masked : ndarray of bool of shape (k,)
        Arms of partners over the risk limit.
    suppressed : ndarray of bool of shape (n, k), or None
        Pairs whose effect is negative beyond doubt.
    """

    campaign: Campaign
    scored: Scored
    fraud: NDArray[np.float64]
    refused: NDArray[np.int8]
    value: NDArray[np.float32]
    masked: NDArray[np.bool_]
    suppressed: NDArray[np.bool_] | None

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """Pairs that may be offered, shape (n, k); of shape (n,) where all arms of a customer are alike."""
        may = may_be_offered(self.refused)
        least = self.campaign.minimum_value_eur
        if not self.masked.any() and self.suppressed is None and least is None:
            return may
        pairs = may[:, None] & ~self.masked
        if self.suppressed is not None:
            pairs &= ~self.suppressed
        if least is not None:
            pairs &= self.value >= least
        return np.asarray(pairs)

    def reasons(self, arm: NDArray[np.integer]) -> NDArray[np.int8]:
        """Return the reason of each customer, once an arm or none (-1) was chosen for each."""
        return settle(
            self.refused,
            self.value,
            arm.astype(np.int64),
            at_risk=self.masked if self.masked.any() else None,
            suppressed=self.suppressed,
            minimum_value_eur=self.campaign.minimum_value_eur or 0.0,
        )


def valued(
    setting: Setting,
    campaign: Campaign,
    customers: Scored,
    fraud: NDArray[np.float64],
    segment: pa.Array,
    contacts_left: NDArray[np.int64] | None,
) -> Valued:
    """Screen customers and value each arm for them.

    Parameters
    ----------
    setting : Setting
        Partners' risk, and how sure effects are.
    campaign : Campaign
        Its arms, its limits.
    customers : Scored
        Who, n of them.
    fraud : ndarray of shape (n,)
        Probability that a purchase is fraud.
    segment : pyarrow array of length n
        Name of each customer's segment.
    contacts_left : ndarray of shape (n,), or None
        Contacts that each may still get.
    """
    number = id_numbers(customers.customer_id, campaign.id)
    refused = screen(
        customers.consent,
        fraud,
        campaign.fraud_limit,
        below(number, campaign.holdout_share),
        _in_segment(campaign, segment),
        contacts_left,
    )
    cost = np.array([arm.contact_cost_eur for arm in campaign.arms])
    value = net_value(customers.effect_eur, cost, fraud, campaign.fraud_loss_eur)
    value -= setting.partner_loss_eur(campaign).astype(np.float32)
    return Valued(
        campaign=campaign,
        scored=customers,
        fraud=fraud,
        refused=refused,
        value=value,
        masked=setting.masked(campaign),
        suppressed=_suppressed(setting, campaign, customers),
    )


def _in_segment(campaign: Campaign, segment: pa.Array) -> NDArray[np.bool_] | None:
    if not campaign.only_segments and not campaign.not_segments:
        return None
    inside = np.ones(len(segment), np.bool_)
    if campaign.only_segments:
        inside &= pc.is_in(segment, value_set=pa.array(campaign.only_segments)).to_numpy(zero_copy_only=False)
    if campaign.not_segments:
        inside &= ~pc.is_in(segment, value_set=pa.array(campaign.not_segments)).to_numpy(zero_copy_only=False)
    return inside


def _suppressed(setting: Setting, campaign: Campaign, customers: Scored) -> NDArray[np.bool_] | None:
    sure = setting.certainty.get(campaign.id, {})
    if not campaign.suppress_negative or not sure:
        return None
    columns = [
        sure[arm.name].negative_beyond_doubt(customers.effect_eur[:, place])
        if arm.name in sure
        else np.zeros(len(customers.effect_eur), np.bool_)
        for place, arm in enumerate(campaign.arms)
    ]
    pairs = np.column_stack(columns)
    return pairs if pairs.any() else None
