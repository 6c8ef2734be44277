"""Choose who gets which offer of each campaign, under its budget and caps, and say why the others get none."""

import numpy as np

from jobs.allocate_offers.fan_out import PARTS
from jobs.allocate_offers.offered import CURVE_BUDGETS, certificate, offer_rows, ranks
from jobs.allocate_offers.request import AllocateOffers
from jobs.allocate_offers.scored import SCORE_COLUMNS, cap_limits, fraud_probability, scored, valued
from jobs.runtime.campaign import read_campaign
from jobs.runtime.chain import step
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.offers.allocate import allocate
from jobs.science.offers.budget_curve import budget_curve
from jobs.science.offers.eligibility import Reason, may_be_offered, settle
from jobs.storage.tables import read_whole
from jobs.tables.outputs import CUSTOMER_RISK, OFFERS, UPLIFT_SCORES

__all__ = ["JOB", "AllocateOffers", "allocate_offers", "fraud_probability"]


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
        rows = read_whole(stores.tables, UPLIFT_SCORES, {**day, "campaign_id": campaign.id}, SCORE_COLUMNS)
        if not rows.num_rows:
            continue
        customers = scored(campaign, rows)
        known = valued(campaign, customers, risk)
        eligible, caps = may_be_offered(known.refused), cap_limits(campaign, len(known.fraud))
        chosen = allocate(known.value, known.cost, campaign.budget_eur, caps, eligible, seed=request.seed)
        reason = settle(known.refused, known.value, chosen.arm)
        got = np.flatnonzero(chosen.arm >= 0)
        net = known.value[got, chosen.arm[got]]
        [rank] = ranks([net], [customers.customer_id.take(got)])
        listed = offer_rows(
            campaign, customers.customer_id, known.fraud, customers.model_version, chosen.arm, net, rank, reason
        )
        shard.stage(OFFERS, listed, campaign_id=campaign.id)
        budgets = np.array(CURVE_BUDGETS) * campaign.budget_eur
        curve = budget_curve(known.value, known.cost, budgets, caps, eligible, seed=request.seed)
        certificates[campaign.id] = certificate(
            campaign,
            twice=int(customers.twice.sum()),
            reasons=np.bincount(reason, minlength=len(Reason)),
            spend_eur=chosen.spend_eur,
            value_eur=chosen.value_eur,
            dual_bound_eur=chosen.dual_bound_eur,
            gap=chosen.gap,
            price=np.concatenate([[chosen.budget_price], chosen.cap_prices_eur]),
            counts=chosen.counts,
            curve={"budget_eur": curve.spend_eur.tolist(), "value_eur": curve.value_eur.tolist()},
        )
    shard.details["campaigns"] = certificates


JOB = Job(step("allocate-offers"), AllocateOffers, choose, PARTS)
