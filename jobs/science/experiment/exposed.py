"""The effect on those who met the treatment, from the effect of the draw: not everyone who was drawn met it."""

from dataclasses import dataclass, replace

import numpy as np

from jobs.errors import BadRequest
from jobs.science.experiment.estimates import effect, unit_variance
from jobs.science.experiment.interval import FixedHorizon, Interval, Reach
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments


@dataclass(frozen=True)
class ExposedEffect:
    """What the treatment does to those who meet it because they were drawn for it.

    Parameters
    ----------
    effect : Interval or None
        Per exposed unit, in the metric's unit; None where the draw did not surely change who was exposed.
    control, treatment : float
        Share exposed in either arm, in [0, 1].
    """

    effect: Interval | None
    control: float
    treatment: float


def with_exposure(metric: Metric, exposed: str) -> Metric:
    """Return a stand-in that makes one statement aggregate the metric's products with the exposure."""
    return Metric(
        f"{metric.name} by {exposed}",
        "ratio",
        metric.value,
        exposed,
        metric.covariates,
        metric.adjustment,
        metric.cap,
    )


def exposed_effect(
    metric: Metric, exposed: str, control: Moments, treatment: Moments, alpha: float = 0.05, reach: Reach | None = None
) -> ExposedEffect:
    """Return the effect on the exposed: the effect of the draw over the difference in exposure.

    It holds where being drawn changes the outcome only through exposure, and keeps nobody from it. The error is that
    of the difference ``outcome - effect * exposure`` (the delta method), adjusted as the metric is.

    Parameters
    ----------
    metric : Metric
        A mean or a proportion.
    exposed : str
        Column, 0 or 1, of the moments.
    control, treatment : Moments
        With the products of the metric's columns and `exposed`.
    alpha : float
        One less the confidence, in (0, 1).
    reach : Reach, optional
        Kind of interval; fixed-horizon by default.

    Returns
    -------
    ExposedEffect

    Raises
    ------
    BadRequest
        If the metric is a ratio or a quantile.

    References
    ----------
    Angrist, Imbens and Rubin (1996), Identification of causal effects using instrumental variables. JASA 91.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [2.0, 0.0], [1.0, 0.0], [2.0, 0.0]] * 50)
    >>> more = np.array([[3.0, 1.0], [2.0, 0.0], [1.0, 0.0], [4.0, 1.0]] * 50)
    >>> arms = [Moments.of_rows(["spend", "opened"], found) for found in (rows, more)]
    >>> exposed_effect(Metric("spend", "mean", "spend"), "opened", *arms).effect.value
    2.0
    """
    if metric.kind not in {"mean", "proportion"}:
        raise BadRequest(f"metric {metric.name!r} is a {metric.kind}: an effect on the exposed is of means only.")
    kind = reach or FixedHorizon()
    met = replace(metric, value=exposed, kind="mean", cap=None)
    plain = replace(met, covariates=(), adjustment="none")
    seen = [unit_variance(plain, moments) for moments in (control, treatment)]
    shares = [share for share, _, _ in seen]
    if shares[0] == shares[1]:
        return ExposedEffect(None, *shares)
    outcome = effect(metric, control, treatment, alpha, kind).absolute.value
    # of clusters a variance of 0 may be rounded to a little more
    if all(variance <= 1e-12 for _, variance, _ in seen):
        moved, sure = shares[1] - shares[0], True
    else:
        exposure = effect(met, control, treatment, alpha, kind).absolute
        moved, sure = exposure.value, exposure.lower > 0.0 or exposure.upper < 0.0
    if not sure:
        return ExposedEffect(None, *shares)
    value = outcome / moved
    left = [_less(moments, metric.column, exposed, value) for moments in (control, treatment)]
    rest = effect(metric, left[0], left[1], alpha, kind)
    half = (rest.absolute.upper - rest.absolute.lower) / 2.0 / abs(moved)
    return ExposedEffect(Interval(value, value - half, value + half), *shares)


def _less(moments: Moments, column: str, other: str, factor: float) -> Moments:
    """Return the moments when `factor` times another column is taken off a column."""
    change = np.eye(len(moments.columns))
    change[moments.index(column), moments.index(other)] -= factor
    missing = np.isnan(moments.products)
    products = change @ np.where(missing, 0.0, moments.products) @ change.T
    return Moments(moments.columns, moments.count, change @ moments.mean, np.where(missing, np.nan, products))
