"""The booster under the partner model: what it learns from, what may never lower its score, and its scores of days."""

from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.science.fraud.isotonic import fit_isotonic
from jobs.science.partners.plan import PartnerPlan, day_numbers
from jobs.science.partners.score import PartnerScorer, held_back, partner_matrix
from jobs.science.partners.text import COLUMN, TextRisk

# Payments are few and labels noisy: shallow trees over many features, each tree on half of them.
BOOSTER_PARAMETERS: dict[str, Any] = {
    "objective": "cross_entropy",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.5,
    "monotone_constraints_method": "intermediate",
    "force_col_wise": True,
    "deterministic": True,
    "verbosity": -1,
}

NEVER_LOWER = frozenset(
    {"fraud_rate_28d", "fraud_rate_prior", "scheme_ratio_28d", "repeat_customers_7d", "repeat_devices_7d", COLUMN}
)
"""More of these, all else equal, never lowers the score: of a kind of fraud that training has not seen yet the
trees would otherwise say what they learnt of another kind that was over by then."""

QUIET_STEP = 5
"""Of partner-days without any report, one in so many is learnt from, and counts so many times."""


def fit_scorer(rows: pa.Table, names: tuple[str, ...], plan: PartnerPlan, text: TextRisk | None) -> PartnerScorer:
    """Fit the booster; calibration and threshold, which later days decide, are filled in later.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows with the columns `names`, ``next_transactions`` and ``next_frauds``.
    names : tuple of str
        Features.
    plan : PartnerPlan
        Trees, seed, threads.
    text : TextRisk or None
        Kept with the scorer.
    """
    quiet = np.ones(rows.num_rows, dtype=bool)
    for name in ("known_frauds_28d", "early_frauds_7d", "scheme_ratio_28d"):
        quiet &= ~(rows[name].to_numpy() > 0)
    turn = np.random.default_rng(plan.seed).integers(0, QUIET_STEP, rows.num_rows)
    kept = ~quiet | (turn == 0)
    learnt = rows.filter(pa.array(kept))
    count = learnt["next_transactions"].to_numpy().astype(np.float64)
    weight = count * np.where(quiet[kept], QUIET_STEP, 1)
    matrix = partner_matrix(learnt, names)
    # An all-missing column is kept: the model has the same features whatever a team's data hold.
    data = lgb.Dataset(matrix, learnt["next_frauds"].to_numpy() / count, weight=weight, feature_name=list(names))
    parameters = {
        **BOOSTER_PARAMETERS,
        "monotone_constraints": [int(name in NEVER_LOWER) for name in names],
        "seed": plan.seed,
        "num_threads": plan.threads,
    }
    typical = [column[~np.isnan(column)] for column in matrix.T]
    return PartnerScorer(
        booster=lgb.train(parameters, data, num_boost_round=plan.rounds),
        features=names,
        calibration=fit_isotonic([0.0, 1.0], [0.0, 1.0]),
        review_margin=0.0,
        capacity=plan.capacity,
        typical={n: float(np.median(v)) if v.size else 0.0 for n, v in zip(names, typical, strict=True)},
        risky_rate=plan.risky_rate,
        horizon_days=plan.horizon_days,
        label_delay_days=plan.label_delay_days,
        text=text,
    )


def margins_as_at_night(rows: pa.Table, scorer: PartnerScorer, plan: PartnerPlan) -> NDArray[np.float64]:
    """Score days as the night does: one with hardly a payment ranks in the middle of its day at most."""
    margin = scorer.margin(rows, plan.threads)
    days, payments = day_numbers(rows), rows["recent_28d"].to_numpy()
    for day in np.unique(days):
        on = days == day
        margin[on] = held_back(margin[on], payments[on])
    return margin
