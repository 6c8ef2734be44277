"""How many units a trial needs, what it can find, and how sure it is to find it."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, stdtrit

from jobs.errors import BadRequest
from jobs.science.experiment.estimates import unit_variance
from jobs.science.experiment.interval import checked_alpha
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments

LARGEST_SAMPLE = 1e12

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)


@dataclass(frozen=True)
class Design:
    """A planned comparison of every arm with the control.

    Parameters
    ----------
    shares : tuple of float
        Share of the units in the control, then in each other arm; scaled to sum to 1.
    alpha : float
        Chance of any wrong claim, two-sided, in (0, 1); shared equally by the comparisons (Bonferroni, which is
        Holm's first step).
    power : float
        Chance to find the effect, in (alpha, 1).
    comparisons : int, optional
        Claims that share alpha; the arms beside the control by default.
    cluster_size : float
        Mean rows of a cluster; 1 where rows are drawn one by one.
    cluster_size_cv : float
        Standard deviation of the clusters' sizes over their mean.
    intracluster_correlation : float
        Of two rows of a cluster, in [0, 1].

    Raises
    ------
    BadRequest
        If a value is not allowed.
    """

    shares: tuple[float, ...] = (0.5, 0.5)
    alpha: float = 0.05
    power: float = 0.8
    comparisons: int | None = None
    cluster_size: float = 1.0
    cluster_size_cv: float = 0.0
    intracluster_correlation: float = 0.0

    def __post_init__(self) -> None:
        checked_alpha(self.alpha)
        if len(self.shares) < 2 or not all(0.0 < share < math.inf for share in self.shares):
            raise BadRequest(f"shares are {list(self.shares)}: a control and one arm more, each above 0.")
        if not self.alpha < self.power < 1.0:
            raise BadRequest(f"power == {self.power}, must be above alpha ({self.alpha}) and below 1; 0.8 is usual.")
        if self.comparisons is not None and self.comparisons < 1:
            raise BadRequest(f"comparisons == {self.comparisons}, must be at least 1.")
        if not 1.0 <= self.cluster_size < math.inf or not 0.0 <= self.cluster_size_cv < math.inf:
            raise BadRequest(
                f"cluster_size == {self.cluster_size} and cluster_size_cv == {self.cluster_size_cv}, must be at least "
                "1 and 0."
            )
        if not 0.0 <= self.intracluster_correlation <= 1.0:
            raise BadRequest(f"intracluster_correlation == {self.intracluster_correlation}, must be in [0, 1].")

    @property
    def design_effect(self) -> float:
        """How many times as many rows clusters need as rows drawn one by one."""
        weight = self.cluster_size * (1.0 + self.cluster_size_cv**2)
        return 1.0 + (weight - 1.0) * self.intracluster_correlation

    @property
    def alpha_each(self) -> float:
        """Alpha of one comparison."""
        return self.alpha / (self.comparisons or len(self.shares) - 1)

    def sizes(self, units: float, arm: int) -> tuple[float, float]:
        """Return rows of the control and of an arm, of so many rows in all arms."""
        if not 1 <= arm < len(self.shares):
            raise BadRequest(f"arm == {arm}, must be 1 to {len(self.shares) - 1}; 0 is the control.")
        whole = sum(self.shares)
        return units * self.shares[0] / whole, units * self.shares[arm] / whole


@dataclass(frozen=True)
class Baseline:
    """What the past says of a metric.

    Parameters
    ----------
    value : float
        Mean, proportion or ratio.
    variance : float
        Of one unit's linearised value, above 0.
    explained : float
        Share of it that covariates take away, in [0, 1).
    """

    value: float
    variance: float
    explained: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.variance < math.inf or not 0.0 <= self.explained < 1.0:
            raise BadRequest(
                f"variance == {self.variance} and explained == {self.explained}, must be above 0 and in [0, 1): "
                "a metric that never varies cannot be planned."
            )


def baseline(metric: Metric, history: Moments) -> Baseline:
    """Return what past units say of a metric.

    Parameters
    ----------
    metric : Metric
        With the covariates that the reading will use.
    history : Moments
        Of past units, over a period as long as the trial's window.

    Returns
    -------
    Baseline

    Examples
    --------
    >>> import numpy as np
    >>> baseline(Metric("m", "mean", "spend"), Moments.of_rows(["spend"], np.array([[1.0], [3.0]]))).variance
    2.0
    """
    value, variance, left = unit_variance(metric, history)
    return Baseline(value, variance, 0.0 if variance == 0.0 else 1.0 - left / variance)


def standard_error(units: float, known: Baseline, design: Design, arm: int = 1) -> tuple[float, float]:
    """Return the standard error that an arm's effect will have, and its degrees of freedom.

    Parameters
    ----------
    units, known, design, arm
        As in :func:`power_at`.

    Returns
    -------
    tuple of float
        In the metric's unit, and units, or clusters, of both arms less two.

    Raises
    ------
    BadRequest
        If both arms together have fewer than three units, or clusters.

    Examples
    --------
    >>> spread, degrees = standard_error(4000, Baseline(10.0, 4.0), Design())
    >>> round(spread, 4), degrees
    (0.0632, 3998.0)
    """
    control, treatment = (size / design.design_effect for size in design.sizes(units, arm))
    # Clusters, not rows, are what was drawn.
    degrees = sum(design.sizes(units, arm)) / design.cluster_size - 2.0
    if not degrees >= 1.0 - 1e-9:
        raise BadRequest(f"units == {units}: the two arms need three units, or clusters, together at least.")
    return math.sqrt(known.variance * (1.0 - known.explained) * (1.0 / control + 1.0 / treatment)), degrees


def power_at(effect: float, units: float, known: Baseline, design: Design, arm: int = 1) -> float:
    """Return the chance to find an effect.

    Parameters
    ----------
    effect : float
        In the metric's unit, of either sign.
    units : float
        Rows in all arms together.
    known : Baseline
        The metric's past.
    design : Design
        The plan.
    arm : int
        Which arm is compared with the control, from 1.

    Returns
    -------
    float
        In [0, 1]: both tails of the noncentral t, as statsmodels' ``TTestIndPower`` counts them.

    Examples
    --------
    >>> round(power_at(0.2, 4000, Baseline(10.0, 4.0), Design()), 3)
    0.885
    """
    spread, degrees = standard_error(units, known, design, arm)
    return _power(abs(effect) / spread, degrees, design.alpha_each)


def minimum_detectable_effect(units: float, known: Baseline, design: Design, arm: int = 1) -> float:
    """Return the smallest effect that is found with the design's power.

    Parameters
    ----------
    units : float
        Rows in all arms together.
    known, design, arm
        As in :func:`power_at`.

    Returns
    -------
    float
        In the metric's unit, above 0; over ``known.value`` it is the relative one.

    Examples
    --------
    >>> round(minimum_detectable_effect(1000, Baseline(10.0, 4.0), Design()), 4)
    0.3547
    """
    spread, degrees = standard_error(units, known, design, arm)
    upper = float(-stdtrit(degrees, design.alpha_each / 2.0) - stdtrit(degrees, 1.0 - design.power)) + 5.0
    while _power(upper, degrees, design.alpha_each) < design.power:
        upper *= 2.0
    found = brentq(lambda z: _power(z, degrees, design.alpha_each) - design.power, 0.0, upper, xtol=1e-12, rtol=1e-14)
    return float(found) * spread


def sample_size(effect: float, known: Baseline, design: Design) -> int:
    """Return how many rows all arms together need, so that every arm's effect is found with the design's power.

    Parameters
    ----------
    effect : float
        In the metric's unit, not 0.
    known, design
        As in :func:`power_at`.

    Returns
    -------
    int

    Raises
    ------
    BadRequest
        If the effect is 0, not finite, or so small that no trial finds it.

    Examples
    --------
    >>> sample_size(0.5, Baseline(10.0, 4.0), Design())
    505
    """
    if effect == 0.0 or not math.isfinite(effect):
        raise BadRequest(f"effect == {effect}: name an effect that is worth finding, in the metric's unit.")
    arm = min(range(1, len(design.shares)), key=lambda a: design.shares[a])
    pair = (design.shares[0] + design.shares[arm]) / sum(design.shares)
    least = 3.0 * design.cluster_size / pair

    def short(units: float) -> float:
        return power_at(effect, units, known, design, arm) - design.power

    if short(least) >= 0.0:
        return math.ceil(least)
    upper = least
    while short(upper) < 0.0:
        upper *= 2.0
        if upper > LARGEST_SAMPLE:
            raise BadRequest(f"effect == {effect}: to find it takes more than {LARGEST_SAMPLE:g} units, name a larger.")
    return math.ceil(float(brentq(short, upper / 2.0, upper, xtol=1e-6, rtol=1e-14)))


def _power(away: float, degrees: float, alpha: float) -> float:
    """Return the chance that Student's t, so many standard errors away, is beyond its two-sided critical values.

    Given the ratio s of estimated to true error the statistic is normal; s is integrated out by Gauss and Legendre.
    Library routines of the noncentral t return NaN for some of the values that a search meets.
    """
    critical = float(-stdtrit(degrees, alpha / 2.0))
    reach = 12.0 / math.sqrt(2.0 * degrees)
    lowest = max(-1.0, -reach)
    error = lowest + (reach - lowest) * (_NODES + 1.0) / 2.0
    # s = 1 + error is chi over the root of its degrees; written so that 1e9 degrees lose no digit
    density = _WEIGHTS * np.exp((degrees - 1.0) * np.log1p(error) - degrees * (error + error * error / 2.0))
    beyond = ndtr(away - critical * (1.0 + error)) + ndtr(-away - critical * (1.0 + error))
    return float(density @ beyond / density.sum())
