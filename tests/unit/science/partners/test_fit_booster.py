"""What the booster learns never lowers the score of a partner for more known fraud, and days are scored as at night."""

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadSchema
from jobs.science.partners.features import FEATURE_NAMES
from jobs.science.partners.fit_booster import NEVER_LOWER, fit_scorer, margins_as_at_night
from jobs.science.partners.plan import PartnerPlan

PLAN = PartnerPlan(rounds=40)
N = 4_000


@pytest.fixture(scope="module")
def rows():
    """Partners whose fraud is over wherever much of it is known: of those alone trees would learn to rank them last."""
    r = np.random.default_rng(5)
    made = {name: r.random(N).astype(np.float32) for name in FEATURE_NAMES}
    made |= {"fraud_rate_28d": (r.random(N) * 0.4).astype(np.float32)}
    rate = np.where(made["fraud_rate_28d"] > 0.2, 0.01, 0.3 * made["early_rate_7d"])
    count = r.integers(5, 60, N)
    made |= {"next_transactions": count, "next_frauds": r.binomial(count, rate)}
    made |= {"recent_28d": count * 4, "partner_id": [f"p{n % 400}" for n in range(N)]}
    made["day"] = pa.array((20_000 + np.arange(N) // 400).astype(np.int32)).cast(pa.date32())
    return pa.table(made)


@pytest.fixture(scope="module")
def scorer(rows):
    return fit_scorer(rows, FEATURE_NAMES, PLAN, None)


def with_value(rows, name, value):
    return rows.set_column(rows.column_names.index(name), name, pa.array(np.full(rows.num_rows, value, np.float32)))


@pytest.mark.parametrize("name", sorted(NEVER_LOWER.intersection(FEATURE_NAMES)))
def test_more_of_it_never_lowers_the_score(rows, scorer, name):
    few = rows.slice(0, 300)
    margins = np.stack([scorer.margin(with_value(few, name, v)) for v in np.linspace(0, 1, 12)])
    assert (np.diff(margins, axis=0) >= -1e-9).all()


def test_what_may_lower_the_score_still_does(rows):
    """The same trees with the known fraud under another name learn that it is over: the constraint is what held."""
    free = rows.set_column(rows.column_names.index("last_labels"), "last_labels", rows["fraud_rate_28d"])
    free = with_value(free, "fraud_rate_28d", 0.0)
    scorer = fit_scorer(free, FEATURE_NAMES, PLAN, None)
    few = free.slice(0, 300)
    assert scorer.margin(with_value(few, "last_labels", 0.35)).mean() < scorer.margin(few).mean() - 0.5


def test_a_partner_with_hardly_a_payment_ranks_in_the_middle_of_its_own_day_at_most(rows, scorer):
    place = rows.column_names.index("recent_28d")
    payments = rows["recent_28d"].to_numpy().copy()
    payments[::7] = 5
    margin = margins_as_at_night(rows.set_column(place, "recent_28d", pa.array(payments)), scorer, PLAN)
    day = rows["day"].cast(pa.int32()).to_numpy()
    for one in np.unique(day):
        few, many = margin[(day == one) & (payments == 5)], margin[(day == one) & (payments > 5)]
        assert few.max() <= np.median(many)
    assert margin[payments > 5].tolist() == scorer.margin(rows)[payments > 5].tolist()


def test_a_feature_that_is_missing_at_scoring_is_named(rows, scorer):
    with pytest.raises(BadSchema, match="column early_rate_7d is missing"):
        scorer.margin(rows.drop_columns(["early_rate_7d"]))
