"""Risk of a customer: how likely a purchase is fraud, and what it costs, fading with time.

A customer's past probabilities are averaged with weights that halve with every half-life, together
with a few imagined purchases at the rate of everyone. One odd payment therefore moves the risk by a
part and for a while, and many of them move it for as long as they last.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from jobs.errors import BadRequest, BadRows
from jobs.science.fraud.calibration import Calibration

DAY_S = 86_400


@dataclass(frozen=True)
class RiskSettings:
    """How the risk of a customer is averaged.

    Parameters
    ----------
    half_life_days : float
        Days after which a purchase weighs half.
    prior_purchases : float
        Weight of the imagined purchases at the rate of everyone, in purchases of today.
    """

    half_life_days: float = 5.0
    prior_purchases: float = 20.0


def customer_risk(
    scored: Iterable[pa.Table],
    *,
    as_of_s: int,
    settings: RiskSettings = RiskSettings(),
    calibration: Calibration | None = None,
) -> pa.Table:
    """Compute the risk of every customer that has a scored transaction.

    Parameters
    ----------
    scored : iterable of pyarrow.Table
        Columns ``customer_id``, ``occurred_at``, ``amount_eur`` and ``fraud_probability`` of recent
        transactions, up to `as_of_s`. Where a label is known by then, 1 or 0 may stand for the
        probability.
    as_of_s : int
        The moment the risk speaks of, epoch seconds.
    settings : RiskSettings
        Half-life and strength of the prior.
    calibration : Calibration, optional
        From the log odds of that average to the probability that a purchase of the next day is fraud, as
        learnt from what followed; expected losses change alike.

    Returns
    -------
    pyarrow.Table
        Columns ``customer_id``, ``fraud_probability`` (in [0, 1], that the customer's next purchase is
        fraud) and ``expected_loss_eur`` (euro, fraudulent amount to expect of it), by customer id.

    Raises
    ------
    BadRequest
        If the half-life or the prior is not above 0.
    BadRows
        If a transaction lies after the moment, or a value is missing or no probability.

    Examples
    --------
    >>> import datetime as dt
    >>> now = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
    >>> rows = pa.table({"customer_id": ["a", "b"], "occurred_at": [now, now], "amount_eur": [100.0, 100.0],
    ...     "fraud_probability": [0.9, 0.1]})
    >>> risk = customer_risk([rows], as_of_s=int(now.timestamp()), settings=RiskSettings(prior_purchases=1.0))
    >>> [round(p, 2) for p in risk["fraud_probability"].to_pylist()]
    [0.7, 0.3]
    """
    for name in ("half_life_days", "prior_purchases"):
        if not getattr(settings, name) > 0:
            raise BadRequest(f"{name} is {getattr(settings, name)}; give a number above 0.")
    sums = _EMPTY
    for rows in scored:
        sums = _added(pa.concat_tables([sums, _weighted(rows, as_of_s, settings.half_life_days)]))
    return _calibrated(_shrunk(sums.sort_by("customer_id"), settings.prior_purchases), calibration)


def log_odds(probability: ArrayLike) -> NDArray[np.float64]:
    """Return log odds, of probabilities held within a millionth of 0 and 1."""
    p = np.clip(np.asarray(probability, dtype=np.float64), 1e-6, 1 - 1e-6)
    found: NDArray[np.float64] = np.log(p / (1 - p))
    return found


_SUMS = ("weight", "fraud", "loss")
_EMPTY = pa.table({"customer_id": pa.array([], pa.string()), **{name: pa.array([], pa.float64()) for name in _SUMS}})


def _weighted(rows: pa.Table, as_of_s: int, half_life_days: float) -> pa.Table:
    _check(rows, as_of_s)
    occurred_us = rows["occurred_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    age_days = pc.divide(pc.subtract(as_of_s * 1e6, occurred_us.cast(pa.float64())), DAY_S * 1e6)
    weight = pc.exp(pc.multiply(age_days, -math.log(2) / half_life_days))
    fraud = pc.multiply(weight, rows["fraud_probability"])
    loss = pc.multiply(fraud, rows["amount_eur"])
    return pa.table({"customer_id": rows["customer_id"], "weight": weight, "fraud": fraud, "loss": loss})


def _added(parts: pa.Table) -> pa.Table:
    # One thread: sums in the order of the rows are the same digits in every run.
    added = parts.group_by("customer_id", use_threads=False).aggregate([(name, "sum") for name in _SUMS])
    return added.select(["customer_id", *(f"{name}_sum" for name in _SUMS)]).rename_columns(["customer_id", *_SUMS])


def _shrunk(sums: pa.Table, prior: float) -> pa.Table:
    total = {name: pc.sum(sums[name]).as_py() or 0.0 for name in _SUMS}
    whole = total["weight"] or 1.0
    weight = pc.add(sums["weight"], prior)

    def mean(name: str) -> pa.ChunkedArray:
        return pc.divide(pc.add(sums[name], prior * total[name] / whole), weight)

    return pa.table(
        {"customer_id": sums["customer_id"], "fraud_probability": mean("fraud"), "expected_loss_eur": mean("loss")}
    )


def _calibrated(risk: pa.Table, calibration: Calibration | None) -> pa.Table:
    if calibration is None or not risk.num_rows:
        return risk
    raw, loss = (risk[name].to_numpy() for name in ("fraud_probability", "expected_loss_eur"))
    probability = calibration.apply(log_odds(raw))
    times = np.divide(probability, raw, out=np.ones_like(raw), where=raw > 0)
    return pa.table(
        {"customer_id": risk["customer_id"], "fraud_probability": probability, "expected_loss_eur": loss * times}
    )


def _check(rows: pa.Table, as_of_s: int) -> None:
    if not rows.num_rows:
        return
    probability = pc.min_max(pc.fill_null(rows["fraud_probability"], -1.0)).as_py()
    amount = pc.min_max(pc.fill_null(rows["amount_eur"], -1.0)).as_py()
    unusable = pc.any(pc.or_(pc.is_nan(rows["fraud_probability"]), pc.is_nan(rows["amount_eur"]))).as_py()
    if unusable or probability["min"] < 0 or probability["max"] > 1:
        raise BadRows(
            "fraud_scores: fraud_probability is missing or outside of [0, 1] in some row; score the day again."
        )
    if amount["min"] < 0 or math.isinf(amount["max"]):
        raise BadRows("fraud_scores: amount_eur is missing, negative or infinite in some row; score the day again.")
    latest = pc.max(rows["occurred_at"]).as_py()
    if latest.timestamp() > as_of_s:
        raise BadRows(
            f"fraud_scores: a transaction of {latest} lies after the moment {as_of_s} that the risk speaks of; "
            f"give transactions up to then."
        )
