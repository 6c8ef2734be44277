"""A/A trials on one's own history: how often the planned reading would err, and how often find what is there."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from jobs.errors import BadRequest
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Floats, Moments
from jobs.science.experiment.statement import ROWS

_BLOCK_VALUES = 4_000_000


@dataclass(frozen=True)
class Replay:
    """What replays of history say of a planned reading.

    Parameters
    ----------
    replays : int
        Draws of arms.
    false_positive_rate : float
        Share of them that claim an effect where there is none, in [0, 1].
    power : float or None
        Share that claim the effect that was put in; None where none was.
    standard_error : float
        Of the false-positive rate, if it is alpha.
    """

    replays: int
    false_positive_rate: float
    power: float | None
    standard_error: float

    def limits(self) -> tuple[float, float]:
        """Return the 95% limits of the false-positive rate that endless replays would show.

        References
        ----------
        Clopper and Pearson (1934), The use of confidence or fiducial limits. Biometrika 26.

        Examples
        --------
        >>> [round(limit, 4) for limit in Replay(1000, 0.05, None, 0.0069).limits()]
        [0.0373, 0.0654]
        """
        claims = round(self.false_positive_rate * self.replays)
        missed = self.replays - claims
        lower = float(betaincinv(claims, missed + 1, 0.025)) if claims else 0.0
        return lower, float(betaincinv(claims + 1, missed, 0.975)) if missed else 1.0


def aa_replay(
    metric: Metric,
    columns: tuple[str, ...],
    rows: Floats,
    *,
    share: float = 0.5,
    replays: int = 1000,
    alpha: float = 0.05,
    added: float = 0.0,
    units: float | None = None,
    seed: int = 0,
) -> Replay:
    """Draw two arms again and again over rows that were all treated alike, and read each draw.

    Parameters
    ----------
    metric : Metric
        With the covariates and the adjustment of the planned reading.
    columns : tuple of str
        Names of the columns of `rows`; cluster sums with ``ROWS`` where clusters will be drawn.
    rows : numpy.ndarray of shape (n_units, n_columns)
        History.
    share : float
        Share of the second arm, in (0, 1).
    replays : int
        How many draws, at least 100.
    alpha : float
        Of the reading, in (0, 1).
    added : float
        Effect that is put into the second arm, in the metric's unit, to see how often it is found.
    units : float, optional
        Units that each draw takes of the rows, on average; all of them by default, or where there are no more.
    seed : int
        Of the draws.

    Returns
    -------
    Replay

    Raises
    ------
    BadRequest
        If `share`, `replays` or `units` is not allowed.

    Examples
    --------
    >>> spend = np.random.default_rng(1).exponential(10.0, (2000, 1))
    >>> found = aa_replay(Metric("spend", "mean", "spend"), ("spend",), spend, replays=100)
    >>> found.replays, found.false_positive_rate < 0.15
    (100, True)
    """
    if not 0.0 < share < 1.0 or replays < 100:
        raise BadRequest(f"share == {share} and replays == {replays}: must be in (0, 1) and at least 100.")
    taken = 1.0 if units is None else min(units / len(rows), 1.0)
    if not taken > 0.0:
        raise BadRequest(f"units == {units}, must be above 0.")
    centre = Moments.of_rows(columns, rows).mean
    centred = rows - centre
    upper = np.triu_indices(len(columns))
    summed = np.column_stack([np.ones(len(rows)), centred, centred[:, upper[0]] * centred[:, upper[1]]])
    total = summed.sum(axis=0)
    generator = np.random.default_rng(seed)
    claims, finds = 0, 0
    block = max(1, _BLOCK_VALUES // len(rows))
    for start in range(0, replays, block):
        number = generator.random((min(block, replays - start), len(rows)))
        treated = (number < share * taken).astype(np.float64) @ summed
        drawn = total if taken == 1.0 else (number < taken).astype(np.float64) @ summed
        for first, second in zip(drawn - treated, treated, strict=True):
            arms = [_of_sums(columns, centre, sums, upper) for sums in (first, second)]
            claims += effect(metric, arms[0], arms[1], alpha).p_value < alpha
            if added:
                finds += effect(metric, arms[0], _shifted(metric, arms[1], added), alpha).p_value < alpha
    return Replay(
        replays, claims / replays, finds / replays if added else None, float(np.sqrt(alpha * (1.0 - alpha) / replays))
    )


def _of_sums(columns: tuple[str, ...], centre: Floats, sums: Floats, upper: tuple[np.ndarray, ...]) -> Moments:
    count, width = round(float(sums[0])), len(columns)
    shift = sums[1 : width + 1] / count
    products = np.zeros((width, width))
    products[upper] = sums[width + 1 :]
    products = products + np.triu(products, 1).T - count * np.outer(shift, shift)
    return Moments(columns, count, centre + shift, products)


def _shifted(metric: Metric, arm: Moments, added: float) -> Moments:
    """Return the moments of the same rows with an effect: each value has `added` more for each unit below it."""
    change = np.eye(len(arm.columns))
    at = arm.index(metric.column)
    mean = arm.mean.copy()
    below = metric.denominator or (ROWS if ROWS in arm.columns else None)
    if below is None:
        mean[at] += added
    else:
        change[at, arm.index(below)] = added
        mean = change @ mean
    return Moments(arm.columns, arm.count, mean, change @ arm.products @ change.T)
