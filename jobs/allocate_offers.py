"""Choose who gets which offer of each campaign, under its budget and caps, and say why the others get none."""

import sys
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.runtime.campaign import Campaign, read_campaign
from jobs.runtime.chain import step
from jobs.runtime.command import flag, main
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.offers.allocate import Allocation, allocate
from jobs.science.offers.budget_curve import budget_curve
from jobs.science.offers.eligibility import Reason, in_words, may_be_offered, screen, settle
from jobs.science.offers.holdout import in_holdout
from jobs.science.offers.value import net_value
from jobs.storage.tables import read_whole
from jobs.tables.outputs import CUSTOMER_RISK, OFFERS, UPLIFT_SCORES

CURVE_BUDGETS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Budgets of the curve, in budgets of the campaign."""

_STATUS = {Reason.OFFERED: "offered", Reason.HOLDOUT: "holdout"}


@dataclass(frozen=True)
class AllocateOffers:
    """Choose offers for all campaigns of a night."""

    run_date: date = flag("day the offers speak of", unit="YYYY-MM-DD", example="2026-11-22")
    seed: int = flag("seed of the lot among equals", unit="integer", default=1, example="1", low=0)


@dataclass(frozen=True)
class Scored:
    """Scores of a campaign, a row a customer.

    Parameters
    ----------
    customer_id, account_id, consent : pyarrow arrays of length n
        Who, under which id the customer pays, whether contact is allowed.
    effect_eur : ndarray of shape (n, k)
        Effect of each arm.
    model_version : str
        Model that made them.
    twice : int
        Customers that stood in two files; each is one customer here.
    """

    customer_id: pa.Array
    account_id: pa.Array
    consent: pa.Array
    effect_eur: NDArray[np.float64]
    model_version: str
    twice: int


def allocate_offers(request: AllocateOffers, stores: Stores) -> Report:
    """Allocate and commit ``offers``: a row for every scored customer of every campaign."""
    return run_job(JOB, request, stores)


def choose(request: AllocateOffers, stores: Stores, shard: OpenShard) -> None:
    """For each campaign read scores and risk, screen, value, allocate, stage with reasons."""
    day = {"run_date": request.run_date}
    risk = read_whole(stores.tables, CUSTOMER_RISK, day, ["customer_id", "fraud_probability"])
    certificates = {}
    for campaign_id in shard.manifest.campaigns:
        campaign = read_campaign(stores.objects, campaign_id)
        scored = _scored(campaign, request.run_date, stores)
        if scored is None:
            continue
        fraud = fraud_probability(scored.account_id, risk)
        holdout = in_holdout(scored.customer_id, campaign.id, campaign.holdout_share)
        refused = screen(scored.consent.to_numpy(zero_copy_only=False), fraud, campaign.fraud_limit, holdout)
        cost = np.array([arm.contact_cost_eur for arm in campaign.arms])
        value = net_value(scored.effect_eur, cost, fraud, campaign.fraud_loss_eur)
        eligible = may_be_offered(refused)
        allocation = allocate(
            value, cost, campaign.budget_eur, _caps(campaign, len(fraud)), eligible, seed=request.seed
        )
        reason = settle(refused, value, allocation.arm)
        shard.stage(OFFERS, offer_rows(campaign, scored, value, fraud, allocation, reason), campaign_id=campaign.id)
        curve = budget_curve(
            value,
            cost,
            np.array(CURVE_BUDGETS) * campaign.budget_eur,
            _caps(campaign, len(fraud)),
            eligible,
            seed=request.seed,
        )
        certificates[campaign.id] = _certificate(campaign, scored, allocation, reason) | {
            "budget_curve": {"budget_eur": curve.spend_eur.tolist(), "value_eur": curve.value_eur.tolist()}
        }
    shard.details["campaigns"] = certificates


def fraud_probability(account_id: pa.Array, risk: pa.Table) -> NDArray[np.float64]:
    """Look up each customer's fraud probability; who has paid nothing lately gets the mean of the others.

    Parameters
    ----------
    account_id : pyarrow array of length n
        Under which id the customer pays.
    risk : pyarrow.Table
        Columns ``customer_id`` and ``fraud_probability``; without rows nothing is known and everybody gets 0.
    """
    known = risk["fraud_probability"].to_numpy()
    place = pc.fill_null(pc.index_in(account_id, value_set=risk["customer_id"].combine_chunks()), -1).to_numpy()
    mean = float(known.mean()) if len(known) else 0.0
    return np.where(place >= 0, known[place] if len(known) else mean, mean)


def offer_rows(
    campaign: Campaign,
    scored: Scored,
    value: NDArray[np.float32],
    fraud: NDArray[np.float64],
    allocation: Allocation,
    reason: NDArray[np.int8],
) -> pa.Table:
    """Lay an allocation out as rows of ``offers``: what each customer gets, or why nothing."""
    n = len(fraud)
    chosen = allocation.arm >= 0
    arm = pa.array(np.where(chosen, allocation.arm, 0).astype(np.int32), mask=~chosen)
    net = value[np.arange(n), np.where(chosen, allocation.arm, 0)].astype(np.float64)
    rank = np.zeros(n, np.int64)
    # Best first; equal values in the order of ids, so that a rerun ranks alike.
    order = np.lexsort((scored.customer_id.to_numpy(zero_copy_only=False).astype(str), -np.where(chosen, net, -np.inf)))
    rank[order] = np.arange(1, n + 1)
    status = pa.array([_STATUS.get(r, "nothing") for r in Reason])

    def of_arm(values: list[Any]) -> pa.Array:
        return pa.array(values).take(arm)

    return pa.table(
        {
            "customer_id": scored.customer_id,
            "arm": of_arm([a.name for a in campaign.arms]),
            "offer": of_arm([a.offer for a in campaign.arms]),
            "partner_id": of_arm([a.partner_id for a in campaign.arms]),
            "contact_window": of_arm([a.contact_window for a in campaign.arms]),
            "status": status.take(pa.array(reason)),
            "reason": pa.array(in_words(campaign.fraud_limit)).take(pa.array(reason)),
            "rank": pa.array(rank, mask=~chosen),
            "expected_net_eur": pa.array(net, mask=~chosen),
            "cost_eur": of_arm([a.contact_cost_eur for a in campaign.arms]),
            "fraud_probability": pa.array(fraud),
            "model_version": pa.repeat(scored.model_version, n),
        }
    )


def _caps(campaign: Campaign, n: int) -> NDArray[np.int64]:
    return np.array([n if arm.cap is None else arm.cap for arm in campaign.arms], np.int64)


def _scored(campaign: Campaign, run_date: date, stores: Stores) -> Scored | None:
    columns = ["customer_id", "account_id", "consent", "arm", "effect_eur", "model_version"]
    where = {"run_date": run_date, "campaign_id": campaign.id}
    rows = read_whole(stores.tables, UPLIFT_SCORES, where, columns)
    if not rows.num_rows:
        return None
    # Files come in any order: sorted, the same scores always give the same offers. Of a customer that stands
    # in two files the lowest effect counts, and one row without consent is enough.
    rows = rows.sort_by([("customer_id", "ascending"), ("arm", "ascending"), ("effect_eur", "ascending")])
    coded = rows["customer_id"].combine_chunks().dictionary_encode()
    customer = coded.indices.to_numpy()
    names = pa.array([arm.name for arm in campaign.arms])
    arm = pc.index_in(rows["arm"], value_set=names)
    known = pc.is_valid(arm).to_numpy()
    effect = np.full((len(coded.dictionary), len(names)), np.nan)
    # What is written last stands.
    back = np.flatnonzero(known)[::-1]
    effect[customer[back], arm.to_numpy()[back].astype(np.int64)] = rows["effect_eur"].to_numpy()[back]
    first = np.unique(customer, return_index=True)[1]
    consent = np.logical_and.reduceat(rows["consent"].to_numpy(), first)
    again = known[1:] & (customer[1:] == customer[:-1]) & pc.equal(arm[1:], arm[:-1]).fill_null(False).to_numpy()
    # An arm that the model never learnt is worth nothing, and so is never offered.
    return Scored(
        customer_id=coded.dictionary,
        account_id=rows["account_id"].combine_chunks().take(pa.array(first)),
        consent=pa.array(consent),
        effect_eur=np.nan_to_num(effect),
        model_version=rows["model_version"][0].as_py(),
        twice=len(np.unique(customer[1:][again])),
    )


def _certificate(
    campaign: Campaign, scored: Scored, allocation: Allocation, reason: NDArray[np.int8]
) -> dict[str, Any]:
    counted = np.bincount(reason, minlength=len(Reason))
    words = in_words(campaign.fraud_limit)
    return {
        "customers": len(reason),
        "customers_twice": scored.twice,
        "offered": int(counted[Reason.OFFERED]),
        "budget_eur": campaign.budget_eur,
        "spend_eur": allocation.spend_eur,
        "expected_net_eur": allocation.value_eur,
        "dual_bound_eur": allocation.dual_bound_eur,
        "gap": allocation.gap,
        "euro_for_one_more_euro_of_budget": allocation.budget_price,
        "euro_for_one_more_in_cap": dict(
            zip([a.name for a in campaign.arms], allocation.cap_prices_eur.tolist(), strict=True)
        ),
        "by_arm": dict(zip([a.name for a in campaign.arms], allocation.counts.tolist(), strict=True)),
        "reasons": {words[r]: int(counted[r]) for r in Reason if counted[r]},
    }


JOB = Job(step("allocate-offers"), AllocateOffers, choose)

if __name__ == "__main__":
    sys.exit(main(JOB))
