"""What each arm of a campaign is worth for its customers, and which pairs may be offered at all."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.allocate_offers.scored import Scored
from jobs.allocate_offers.setting import Setting
from jobs.runtime.campaign import Campaign
from jobs.science.experiment.holdout import below, id_numbers, in_holdout
from jobs.science.offers.eligibility import may_be_offered, screen, settle
from jobs.science.offers.value import net_value

if TYPE_CHECKING:
    from jobs.science.offers.affinity import Candidates

_BLOCK = 50_000


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
    candidates : Candidates or None
        Where offers are those of a catalogue: the customers' few. Then k is how many a customer has at most, a column
        is another offer for each customer, `masked` has shape (n, k), and an empty slot is worth -inf.
    """

    campaign: Campaign
    scored: Scored
    fraud: NDArray[np.float64]
    refused: NDArray[np.int8]
    value: NDArray[np.float32]
    masked: NDArray[np.bool_]
    suppressed: NDArray[np.bool_] | None
    candidates: "Candidates | None" = None

    def spread(self, of_arms: NDArray[Any]) -> NDArray[Any]:
        """Return what is said of each arm for each slot: as it is, or of shape (n, k) where slots hold candidates."""
        return of_arms if self.candidates is None else of_arms[np.maximum(self.candidates.offer, 0)]

    def slot_of(self, row: NDArray[np.int64], arm: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return in which slot some customers have an arm of the campaign."""
        if self.candidates is None:
            return arm.astype(np.int64)
        return np.asarray((self.candidates.offer[row] == arm[:, None]).argmax(axis=1), np.int64)

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """Pairs that may be offered, shape (n, k); of shape (n,) where all arms of a customer are alike."""
        may = may_be_offered(self.refused)
        least = self.campaign.minimum_value_eur
        if self.candidates is None and not self.masked.any() and self.suppressed is None and least is None:
            return may
        pairs = may[:, None] & ~self.masked
        if self.candidates is not None:
            pairs = pairs & (self.candidates.offer >= 0)
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
    candidates: "Candidates | None" = None,
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
    candidates : Candidates or None
        Of a campaign whose offers are a catalogue, what each is considered for.
    """
    number = id_numbers(customers.customer_id, campaign.id)
    house = setting.rules.holdout
    refused = screen(
        customers.consent,
        fraud,
        campaign.fraud_limit,
        below(number, campaign.holdout_share),
        _in_segment(campaign, segment),
        contacts_left,
        None if house is None else in_holdout(customers.customer_id, house.salt, house.share),
    )
    if candidates is not None:
        return valued_candidates(setting, campaign, customers, fraud, refused, candidates)
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


def valued_candidates(
    setting: Setting,
    campaign: Campaign,
    customers: Scored,
    fraud: NDArray[np.float64],
    refused: NDArray[np.int8],
    candidates: "Candidates",
) -> Valued:
    """Value each customer's candidates: the effect of the arm that an offer is one of, as affinity spreads it."""
    arm_of, sure = setting.arm_of(campaign), _suppressed(setting, setting.of_file(campaign), customers)
    cost = np.array([arm.contact_cost_eur for arm in campaign.arms])
    loss = setting.partner_loss_eur(campaign)
    masked = setting.masked(campaign)
    value = np.empty(candidates.offer.shape, np.float32)
    suppressed = None if sure is None else np.zeros(value.shape, np.bool_)
    for first in range(0, len(value), _BLOCK):
        rows = slice(first, first + _BLOCK)
        offer = candidates.offer[rows]
        at = np.maximum(offer, 0)
        effect = np.take_along_axis(customers.effect_eur[rows], arm_of[at], axis=1)
        if candidates.times is not None:
            effect *= candidates.times[rows]
        value[rows] = net_value(effect, cost[at], fraud[rows], campaign.fraud_loss_eur) - loss[at]
        value[rows][offer < 0] = -np.inf
        if suppressed is not None and sure is not None:
            # An empty slot is as its customer's others are, so that all of them may be suppressed.
            suppressed[rows] = np.take_along_axis(sure[rows], arm_of[at], axis=1) | (offer < 0)
    return Valued(
        campaign=campaign,
        scored=customers,
        fraud=fraud,
        refused=refused,
        value=value,
        masked=masked[np.maximum(candidates.offer, 0)] if masked.any() else np.zeros((1, 1), np.bool_),
        suppressed=suppressed,
        candidates=candidates,
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
