"""Population stability index of a batch against a profile, and the level it amounts to.

Missing values are a bin like any other, so a column that empties shows in the same figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri

from jobs.errors import BadRequest
from jobs.science.drift.counts import VariableCounts
from jobs.science.drift.measures import Distances, distances
from jobs.science.drift.profile import Profile

Level = Literal["stable", "watch", "alarm"]

WATCH_PSI = 0.1
ALARM_PSI = 0.25

_HALF_A_ROW = 0.5
_CHANCE = 1e-6  # of one judgement: 50 variables a night for 50 years, and about one false word


@dataclass(frozen=True)
class Thresholds:
    """From which index a variable is watched, and from which it is in alarm.

    Parameters
    ----------
    watch, alarm : float
        In nat; 0 < watch <= alarm.

    Raises
    ------
    BadRequest
        If they are out of order.
    """

    watch: float = WATCH_PSI
    alarm: float = ALARM_PSI

    def __post_init__(self) -> None:
        if not 0 < self.watch <= self.alarm:
            raise BadRequest(f"watch = {self.watch}, alarm = {self.alarm}: must be 0 < watch <= alarm")


@dataclass(frozen=True)
class Drift:
    """How far one variable of a batch is from what it is held against.

    Parameters
    ----------
    variable : str
        Feature, or score.
    psi : float
        Population stability index, >= 0, in nat.
    psi_noise : float
        What chance alone could bring with so few rows: a smaller `psi` is no level above stable.
    missing_share, missing_share_reference : float
        Share of missing values in the batch and in what it is held against, in [0, 1].
    rows : int
        Rows of the batch.
    level : {"stable", "watch", "alarm"}
        By size of the effect, never by a p-value: with many rows every p-value is small.
    distances : Distances
        What other measures say.
    """

    variable: str
    psi: float
    psi_noise: float
    missing_share: float
    missing_share_reference: float
    rows: int
    level: Level
    distances: Distances


def smoothed_shares(
    batch: VariableCounts, reference: VariableCounts
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the share of each bin in batch and reference, none of them 0.

    Bins that are empty on both sides are left out. The reference gets half a row in each of the k others,
    missing values being a bin too. The batch gets as many rows, k/2, spread as the reference is: an empty
    batch looks like the reference, and one row alone moves little.

    Returns
    -------
    batch, reference : arrays of shape (k,)
        Shares of the k bins, > 0, summing to 1; k is 0 where there is no row at all.

    Raises
    ------
    BadRequest
        If the two were not counted with the same bins.
    """
    if len(batch.bins) != len(reference.bins):
        raise BadRequest(f"a batch of {len(batch.bins)} bins, a profile of {len(reference.bins)}: count with its bins")
    met = np.array([*batch.bins, batch.missing], dtype=np.float64)
    known = np.array([*reference.bins, reference.missing], dtype=np.float64)
    seen = met + known > 0
    met, known = met[seen], known[seen]
    added = _HALF_A_ROW * len(known)
    q = (known + _HALF_A_ROW) / (known.sum() + added)
    p = (met + added * q) / (met.sum() + added)
    return p, q


def population_stability_index(batch: VariableCounts, reference: VariableCounts) -> float:
    """Return the sum over bins of (p - q) ln(p / q), p of the batch and q of the reference, smoothed.

    Parameters
    ----------
    batch, reference : VariableCounts
        Counts in the same bins; see :func:`smoothed_shares` for empty ones.

    Returns
    -------
    float
        In nat, >= 0; 0 when both are alike. It is the symmetric Kullback-Leibler divergence.

    References
    ----------
    .. [1] Jeffreys, H. (1946). An invariant form for the prior probability in estimation problems.
       Proc. R. Soc. A 186, 453-461.

    Examples
    --------
    >>> trained = VariableCounts((5000, 5000), 0)
    >>> population_stability_index(VariableCounts((500, 500), 0), trained)
    0.0
    >>> round(population_stability_index(VariableCounts((700, 300), 0), trained), 3)
    0.169
    """
    p, q = smoothed_shares(batch, reference)
    return abs(float(np.sum((p - q) * np.log(p / q))))  # no term is below 0, some are -0.0


def psi_noise(batch: VariableCounts, reference: VariableCounts) -> float:
    """Return the index that chance alone hardly exceeds between two samples of one population.

    Without drift the index over 1/n + 1/m, for n and m rows in k bins, is about chi-squared with k - 1
    degrees of freedom [1]_: this is its quantile at one in a million. Infinite where there is no row.

    References
    ----------
    .. [1] Yurdakul, B. (2018). Statistical properties of population stability index.
       Western Michigan University, dissertation 3208.
    """
    if not batch.rows or not reference.rows:
        return float("inf")
    freedom = max(1, len(smoothed_shares(batch, reference)[0]) - 1)
    return float(chdtri(freedom, _CHANCE)) * (1 / batch.rows + 1 / reference.rows)


def measure_drift(
    profile: Profile,
    counts: Mapping[str, VariableCounts],
    thresholds: Thresholds | None = None,
    *,
    own_thresholds: Mapping[str, Thresholds] | None = None,
    references: Mapping[str, VariableCounts] | None = None,
) -> tuple[Drift, ...]:
    """Hold a batch against the profile of the model that scores it.

    Parameters
    ----------
    profile : Profile
        Of the model version.
    counts : mapping of str to VariableCounts
        The batch, counted with the profile's bins; variables left out are not judged.
    thresholds : Thresholds, optional
        Of every variable without thresholds of its own.
    own_thresholds : mapping of str to Thresholds, optional
        By variable.
    references : mapping of str to VariableCounts, optional
        By variable, rows that stand in the place of the training rows, such as those of earlier days of the same
        weekday, counted with the profile's bins.

    Returns
    -------
    tuple of Drift
        One for each counted variable, the worst first.

    Raises
    ------
    BadRequest
        If a variable is not in the profile, or was not counted with its bins.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from jobs.science.drift.counts import Counter
    >>> from jobs.science.drift.profile import profile_of
    >>> profile = profile_of(pa.table({"age": list(range(1000))}))
    >>> counter = Counter(profile.bins)
    >>> counter.add(pa.table({"age": list(range(300, 1300))}))
    >>> [(d.variable, d.level) for d in measure_drift(profile, counter.counts())]
    [('age', 'alarm')]
    """
    found = []
    for name, batch in counts.items():
        if name not in profile.variables:
            raise BadRequest(f"variable {name!r} is not in the model's profile, which has {sorted(profile.variables)}")
        variable = profile.variables[name]
        reference = (references or {}).get(name, variable.counts)
        limits = (own_thresholds or {}).get(name) or thresholds or Thresholds()
        try:
            measured = distances(variable.bins, batch, reference)
        except BadRequest as error:
            raise BadRequest(f"variable {name!r}: {error}") from error
        psi, noise = population_stability_index(batch, reference), psi_noise(batch, reference)
        found.append(
            Drift(
                variable=name,
                psi=psi,
                psi_noise=noise,
                missing_share=batch.missing_share,
                missing_share_reference=reference.missing_share,
                rows=batch.rows,
                level=_level(psi, noise, limits),
                distances=measured,
            )
        )
    return tuple(sorted(found, key=lambda d: (_RANK[d.level], -d.psi, d.variable)))


_RANK: dict[Level, int] = {"alarm": 0, "watch": 1, "stable": 2}


def _level(psi: float, noise: float, limits: Thresholds) -> Level:
    if psi < limits.watch or psi <= noise:
        return "stable"
    return "alarm" if psi >= limits.alarm else "watch"
