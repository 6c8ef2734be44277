"""Figures of two arms from their moments: means, proportions and ratios, plain, with CUPED or by Lin's regression.

Every figure is a smooth function of means. Its variance is that of its linearised rows (the delta method), so a ratio,
a covariate and the sums of a cluster are all one computation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.errors import BadTrial
from jobs.science.experiment.interval import Effect, Estimate, Reach, contrast
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Floats, Moments
from jobs.science.experiment.statement import ROWS


@dataclass(frozen=True)
class _Linear:
    """Figures of one arm, and the covariance of their linearised rows."""

    values: Floats
    covariance: Floats


def effect(
    metric: Metric, control: Moments, treatment: Moments, alpha: float = 0.05, reach: Reach | None = None
) -> Effect:
    """Return the effect of an arm on a metric.

    Parameters
    ----------
    metric : Metric
        A mean, proportion or ratio.
    control, treatment : Moments
        Of rows; or of cluster sums with the column ``ROWS``, and then the errors are cluster-robust.
    alpha : float
        One less the confidence, in (0, 1).
    reach : Reach, optional
        Kind of interval; fixed-horizon by default.

    Returns
    -------
    Effect

    Raises
    ------
    BadTrial
        If an arm has fewer than two units, a denominator sums to 0, the metric is constant, or Lin's regression has
        more covariates than units.

    References
    ----------
    Deng, Xu, Kohavi and Walker (2013), Improving the sensitivity of online controlled experiments (CUPED).
    Lin (2013), Agnostic notes on regression adjustments to experimental data. Annals of Applied Statistics 7.
    Negi and Wooldridge (2021), Revisiting regression adjustment in experiments. Econometric Reviews 40.
    Deng, Knoblich and Lu (2018), Applying the delta method in metric analytics. KDD.

    Examples
    --------
    >>> spend = Metric("spend", "mean", "spend")
    >>> rows = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> effect(spend, Moments.of_rows(["spend"], rows), Moments.of_rows(["spend"], rows + 1.0)).absolute.value
    1.0
    """
    arms = [control, treatment]
    total = control.merge(treatment)
    figures = [(c, _below(metric, c, control)) for c in (metric.column, *metric.covariates)]
    own = [_linearised(metric, arm, figures) for arm in arms]
    if not metric.covariates:
        plain = [Estimate(float(f.values[0]), float(f.covariance[0, 0]) / a.count, a.count) for f, a in _zip(own, arms)]
        return contrast(plain[0], plain[1], alpha, reach, of=metric.name)
    whole = _linearised(metric, total, figures)
    if metric.adjustment == "cuped":
        slope = _slope(whole.covariance)
        weight = np.concatenate([[1.0], -slope])
        adjusted = [
            Estimate(
                float(f.values[0] - slope @ (f.values[1:] - whole.values[1:])),
                float(weight @ f.covariance @ weight) / a.count,
                a.count,
            )
            for f, a in _zip(own, arms)
        ]
        return contrast(adjusted[0], adjusted[1], alpha, reach, of=metric.name)
    lin = [_lin(f, a.count, whole.values[1:]) for f, a in _zip(own, arms)]
    apart = _slope(own[1].covariance) - _slope(own[0].covariance)
    # The covariates' mean is itself estimated: where slopes differ, that moves the effect.
    shared = float(apart @ whole.covariance[1:, 1:] @ apart) / total.count
    return contrast(lin[0], lin[1], alpha, reach, shared, of=metric.name)


def unit_variance(metric: Metric, moments: Moments) -> tuple[float, float, float]:
    """Return a metric's figure, the variance of one unit's linearised value, and what covariates leave of it."""
    own = _linearised(metric, moments, [(c, _below(metric, c, moments)) for c in (metric.column, *metric.covariates)])
    plain = float(own.covariance[0, 0])
    if not metric.covariates:
        return float(own.values[0]), plain, plain
    weight = np.concatenate([[1.0], -_slope(own.covariance)])
    return float(own.values[0]), plain, max(float(weight @ own.covariance @ weight), 0.0)


def _zip(own: Sequence[_Linear], arms: Sequence[Moments]) -> list[tuple[_Linear, Moments]]:
    return list(zip(own, arms, strict=True))


def _below(metric: Metric, column: str, moments: Moments) -> str | None:
    """Return what stands below a column: the metric's denominator, a cluster's rows, or nothing."""
    if column == metric.column and metric.denominator is not None:
        return metric.denominator
    return ROWS if ROWS in moments.columns else None


def _linearised(metric: Metric, moments: Moments, figures: Sequence[tuple[str, str | None]]) -> _Linear:
    columns = list(dict.fromkeys(c for pair in figures for c in pair if c is not None))
    values = np.empty(len(figures))
    gradient = np.zeros((len(figures), len(columns)))
    for i, (above, below) in enumerate(figures):
        divisor = 1.0 if below is None else moments.of(below)
        if divisor == 0.0:
            raise BadTrial(
                f"column {below!r} is 0 in every row of an arm: metric {metric.name!r} has no ratio, "
                "name another column."
            )
        values[i] = moments.of(above) / divisor
        gradient[i, columns.index(above)] += 1.0 / divisor
        if below is not None:
            gradient[i, columns.index(below)] -= values[i] / divisor
    return _Linear(values, gradient @ moments.covariances(columns) @ gradient.T)


def _solved(covariance: Floats, right: Floats) -> Floats:
    """Solve a system in the covariates' covariance; of covariates that repeat each other, by the smallest solution."""
    scale = np.sqrt(np.diag(covariance))
    scale = np.where(scale > 0.0, scale, 1.0)
    solved = np.linalg.lstsq(covariance / np.outer(scale, scale), right / scale, rcond=1e-12)[0]
    return np.asarray(solved / scale, np.float64)


def _slope(covariance: Floats) -> Floats:
    """Return the coefficients of the first figure on the others."""
    return _solved(covariance[1:, 1:], covariance[1:, 0])


def _lin(figures: _Linear, units: int, centre: Floats) -> Estimate:
    """Return what an arm's own regression predicts at the covariates' mean of both arms."""
    covariates = len(figures.values) - 1
    degrees = units - 1 - covariates
    if degrees < 1:
        raise BadTrial(f"an arm has {units} units and {covariates} covariates: Lin's regression needs more units.")
    slope = _slope(figures.covariance)
    weight = np.concatenate([[1.0], -slope])
    residual = float(weight @ figures.covariance @ weight) * (units - 1) / degrees
    away = centre - figures.values[1:]
    leverage = 1.0 / units + float(away @ _solved(figures.covariance[1:, 1:], away)) / (units - 1)
    return Estimate(float(figures.values[0] + slope @ away), residual * leverage, units - covariates)
