"""Choose who gets which offers of a night's campaigns, under every limit, and say why the others get none."""

from typing import Any

import numpy as np

from jobs.allocate_offers.candidates import candidates_of, why_considered
from jobs.allocate_offers.catalogue import read_catalogues
from jobs.allocate_offers.certified import campaign_certificate, night_certificate
from jobs.allocate_offers.curve import budget_curve
from jobs.allocate_offers.deciding import Decision, decide, without_partner_limits
from jobs.allocate_offers.fan_out import PARTS
from jobs.allocate_offers.offered import facts, final_reasons, offer_rows, ranks
from jobs.allocate_offers.request import AllocateOffers
from jobs.allocate_offers.scored import SCORE_COLUMNS
from jobs.allocate_offers.setting import set_up
from jobs.allocate_offers.together import Together, together
from jobs.runtime.chain import step
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.offers.eligibility import Reason
from jobs.storage.tables import read_whole
from jobs.tables.outputs import OFFERS, UPLIFT_SCORES

__all__ = ["JOB", "AllocateOffers", "allocate_offers"]


def allocate_offers(request: AllocateOffers, stores: Stores) -> Report:
    """Allocate and commit ``offers``: a row for every scored customer of every campaign."""
    return run_job(JOB, request, stores)


def choose(request: AllocateOffers, stores: Stores, shard: OpenShard) -> None:
    """Read scores of all campaigns, screen and value, choose, stage with reasons."""
    rows = {}
    for campaign_id in shard.manifest.campaigns:
        where = {"run_date": request.run_date, "campaign_id": campaign_id}
        found = read_whole(stores.tables, UPLIFT_SCORES, where, SCORE_COLUMNS)
        if found.num_rows:
            rows[campaign_id] = found
    shard.details["campaigns"] = {}
    if not rows:
        return
    models = {campaign_id: found["model_version"][0].as_py() for campaign_id, found in rows.items()}
    setting = set_up(shard.manifest, models, stores, lambda campaigns: read_catalogues(campaigns, shard))
    with candidates_of(setting, shard, request.memory_mb) as candidates:
        known = together(setting, rows, stores, candidates)
    del rows
    decision = decide(known, request.seed)
    partner_cost_eur = None
    if any(setting.over_limit(campaign) for campaign in setting.campaigns):
        free = without_partner_limits(known, request.seed)
        partner_cost_eur = free.value_eur - decision.value_eur - decision.exploration_cost_eur
    for place in range(len(setting.campaigns)):
        _list(known, decision, place, request.seed, shard)
    shard.details["night"] = night_certificate(
        setting,
        decision.resources,
        value_eur=decision.value_eur,
        dual_bound_eur=decision.dual_bound_eur,
        gap=decision.gap,
        exploration=_explored(decision),
        partner_cost_eur=partner_cost_eur,
        measured_on="all customers",
    )


def _list(known: Together, decision: Decision, place: int, seed: int, shard: OpenShard) -> None:
    """Stage the rows of a campaign and certify them."""
    setting, of_campaign, rows = known.setting, known.valued[place], known.place[place]
    campaign = setting.campaigns[place]
    if of_campaign is None:
        return
    arm = np.where(decision.arm[rows, place] >= 0, decision.arm[rows, place] - setting.arms_of(place).start, -1)
    got = np.flatnonzero(arm >= 0)
    net = np.zeros(len(rows), np.float32)
    slot = of_campaign.slot_of(got, arm[got])
    net[got] = of_campaign.value[got, slot]
    told = facts(known, place, decision.drawn)
    otherwise, explored = of_campaign.reasons(np.full(len(rows), -1)), told["explored"].to_numpy()
    reason = final_reasons(otherwise, arm, net, explored, known.used_up(decision.arm)[rows])
    [rank] = ranks([net[got]], [of_campaign.scored.customer_id.take(got)])
    repaired = decision.repaired[rows, place]
    version = of_campaign.scored.model_version
    considered = why_considered(setting, of_campaign, got, slot)
    listed = offer_rows(setting, campaign, told, version, arm, net[got], rank, reason, repaired, considered)
    shard.stage(OFFERS, listed, campaign_id=campaign.id)
    shard.details["campaigns"][campaign.id] = campaign_certificate(
        setting,
        place,
        decision.resources,
        twice=int(of_campaign.scored.twice.sum()),
        reasons=np.bincount(reason, minlength=len(Reason)),
        counts=np.bincount(arm[got], minlength=len(campaign.arms)),
        repaired=int(repaired.sum()),
        value_eur=float(net[got].sum(dtype=np.float64)),
        slack_eur=max(decision.dual_bound_eur - decision.value_eur, 0.0),
        curve=budget_curve(known, place, seed),
    )


def _explored(decision: Decision) -> dict[str, Any] | None:
    if decision.drawn is None:
        return None
    taken_back = (decision.drawn.arm >= 0) & decision.repaired[decision.drawn.row]
    return {
        "customers": len(decision.drawn.row),
        "taken_back": int((taken_back & decision.drawn.explores).sum()),
        "cost_eur": decision.exploration_cost_eur,
    }


JOB = Job(step("allocate-offers"), AllocateOffers, choose, PARTS)
