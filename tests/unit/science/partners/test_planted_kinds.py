"""Planted partners of each kind stand in the team's queue at least as often as with the plain rate; by worlds."""

import datetime as dt

import numpy as np
import pytest

from jobs.science.fraud.engine import Limits
from jobs.science.partners.features import partner_features, training_rows
from jobs.science.partners.plan import PartnerPlan
from jobs.science.partners.train import train_partner_model
from jobs.science.synthetic import World

DAY = dt.date(2026, 11, 21)
KNOWN_BY = DAY + dt.timedelta(days=1)
PLAN = PartnerPlan(test_days=21, capacity=20)


def test_a_ring_is_seen_by_who_pays_there_and_honest_partners_are_not():
    """Accomplices buy at every partner of the ring: the share of payments by those who dispute again and again."""
    for seed in (1, 2):
        world = World(seed, 6_000, DAY, days=60, bad_rows=False)
        drawn = world.payments(world.shards()[0])
        found = partner_features(
            drawn.transactions, drawn.fraud_reports, first_day=KNOWN_BY, last_day=KNOWN_BY, label_delay_days=7,
            limits=Limits(400, 1),
        )  # fmt: skip
        kinds = {case["partner_id"]: case["kind"] for case in world.partner_cases().to_pylist()}
        ring = np.array([kinds.get(p) == "collusion" for p in found["partner_id"].to_pylist()])
        share = np.nan_to_num(found["repeat_customers_7d"].to_numpy())
        assert ring.sum() == 4
        assert share[ring].min() > np.quantile(share[~ring], 0.95)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_every_kind_is_in_the_queue_more_of_its_days_than_with_any_baseline():
    """Means over worlds whose training days hold the kinds; twenty of 400 partners are looked into a day."""
    recall = {}
    for seed in range(1, 5):
        world = World(seed, 20_000, DAY, days=150, bad_rows=False)
        drawn = world.payments(world.shards()[0])
        last = KNOWN_BY - dt.timedelta(days=PLAN.last_row_days)
        rows = training_rows(
            drawn.transactions, drawn.fraud_reports, first_day=DAY - dt.timedelta(days=114), last_day=last,
            known_by=KNOWN_BY, horizon_days=7, label_delay_days=7, limits=Limits(900, 1),
        )  # fmt: skip
        training = train_partner_model(rows, PLAN, cases=world.partner_cases().to_pylist())
        for score, kinds in training.cases.items():
            for kind, found in kinds.items():
                recall.setdefault(kind, {}).setdefault(score, []).append(found["recall_a_day"])
    assert {"compromise", "slow leak", "collusion"} <= set(recall)
    for kind, of in recall.items():
        means = {score: float(np.mean(values)) for score, values in of.items()}
        assert means["model"] == max(means.values()), (kind, means)
    assert np.mean(recall["collusion"]["model"]) > 0.8
