"""What comes of offers in the made-up world adds up to its true effects."""

from datetime import date

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.synthetic import World
from jobs.tables.inputs import OUTCOMES, TRANSACTIONS

WORLD = World(7, 20_000, date(2026, 11, 1), days=3)
[SHARD] = WORLD.shards()


def test_outcomes_differ_by_the_true_effect_and_nobody_else_is_touched() -> None:
    ids = WORLD.customers(SHARD)["customer_id"].to_pylist()
    arm = WORLD.arms[2]
    came, otherwise = (WORLD.aftermath(SHARD, o).outcomes for o in (dict.fromkeys(ids[::2], arm), {}))
    assert (came.schema, came.num_rows) == (OUTCOMES.schema, 20_000)
    apart = came["outcome"].to_numpy()[::2] - otherwise["outcome"].to_numpy()[::2]
    error = apart.std() / np.sqrt(len(apart))
    assert abs(apart.mean() - WORLD.true_effects(SHARD)[::2, 2].mean()) < 3.0 * error
    assert came.equals(WORLD.aftermath(SHARD, dict.fromkeys(ids[::2], arm)).outcomes)


def test_redeemed_offers_are_paid_at_their_partner_within_the_window() -> None:
    ids = WORLD.customers(SHARD)["customer_id"].to_pylist()
    partner = WORLD.campaign()["arms"][0]["partner_id"]
    sold = []
    for offered in (dict.fromkeys(ids, WORLD.arms[0]), {}):
        paid = WORLD.aftermath(SHARD, offered).transactions
        assert paid.schema == TRANSACTIONS.schema
        assert len(set(paid["transaction_id"].to_pylist())) == paid.num_rows
        days = [moment.date() - WORLD.run_date for moment in paid["occurred_at"].to_pylist()]
        assert min(days).days == 1
        assert max(days).days <= WORLD.campaign()["outcome_window_days"]
        at = np.array(paid["partner_id"].to_pylist()) == partner
        sold.append(paid["amount_eur"].to_numpy()[at].sum())
    assert sold[0] > 10.0 * sold[1]


def test_an_arm_that_the_world_has_not_is_refused() -> None:
    with pytest.raises(BadRequest, match="'mail' is none of the made-up world's"):
        WORLD.aftermath(SHARD, {"c00000003": "mail"})
