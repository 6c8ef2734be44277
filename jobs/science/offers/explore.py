"""Exploration: offers drawn by chance from the smoothed policy, with the exact probability of all that could have been.

A customer is an explorer, or not, by the digest of the id; what an explorer gets is drawn by two more. Nothing depends
on the order or on the number of the rows, so that parts drawn apart are the whole drawn at once. The digests say
nothing of the customer: among explorers the probabilities of the draw are the propensities, and no others are needed.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jobs.errors import BadRequest
from jobs.science.offers.holdout import id_numbers, in_holdout
from jobs.science.offers.problem import Bools, Floats, Ints

_TO_UNIT = 2.0**-53
"""Of an id's 64 bits the upper 53 make a number in [0, 1) that double precision holds exactly."""


@dataclass(frozen=True)
class Exploration:
    """What explorers draw, and how probable everything they could have drawn was.

    Parameters
    ----------
    chosen : ndarray of shape (n, campaigns), int64
        Column that was drawn in each campaign, -1 for nothing.
    propensity : ndarray of shape (n, campaigns)
        Probability of what was drawn, nothing included, in (0, 1].
    propensities : ndarray of shape (n, columns)
        Probability of every column; 0 where it could not have been drawn.
    nothing : ndarray of shape (n, campaigns)
        Probability of getting nothing from each campaign. With its columns it sums to 1.
    """

    chosen: Ints
    propensity: Floats
    propensities: Floats
    nothing: Floats


def explorers(ids: pa.Array | pa.ChunkedArray, share: float, salt: str) -> Bools:
    """Return who explores, shape (n,).

    Parameters
    ----------
    ids : Arrow array of strings, length n
        Who.
    share : float
        Share of all ids, in [0, 1]; 1 draws for everybody, which is exploring by temperature.
    salt : str
        Names the draw, as "2026-11-22"; another salt makes other, independent explorers.

    Examples
    --------
    >>> explorers(pa.array(["a", "b", "c"]), 1.0, "2026-11-22").tolist()
    [True, True, True]
    """
    return in_holdout(ids, f"explorer:{salt}", share)


def draw(
    ids: pa.Array | pa.ChunkedArray,
    surplus_eur: npt.ArrayLike,
    temperature_eur: float,
    salt: str,
    *,
    campaign: npt.ArrayLike | None = None,
    contacts_left: npt.ArrayLike | None = None,
    even_share: float = 0.0,
) -> Exploration:
    """Draw what explorers get from the smoothed policy.

    The smoothed policy takes a set of offers, at most one of each campaign and at most as many as contacts are left,
    with probability in proportion to exp(sum of their surplus / temperature). Marginal probabilities come from the
    elementary symmetric polynomials of the campaigns' weights, and the draw goes from campaign to campaign by the same.

    Parameters
    ----------
    ids : Arrow array of strings, length n
        Who.
    surplus_eur : array-like of shape (n, columns)
        Value less the prices of what it takes; -inf is never drawn (not eligible, no consent).
    temperature_eur : float
        Smoothing, > 0: an offer worth that much more is 2.7 times as probable.
    salt : str
        Names the draw, as "2026-11-22:seed 1".
    campaign : array-like of int of shape (columns,), optional
        Campaign of each column, from 0; by default all are of one.
    contacts_left : array-like of int of shape (n,), optional
        Most offers a customer may get in all; no limit by default.
    even_share : float
        Share of draws that regard no surplus: all that is allowed is then equally probable. In [0, 1].

    Returns
    -------
    Exploration

    Raises
    ------
    BadRequest
        If the temperature is not above 0, the share is not in [0, 1], a surplus is NaN or +inf, or shapes do not fit.

    References
    ----------
    Chen, Dempster and Liu (1994), Weighted finite population sampling to maximize entropy. Biometrika 81.

    Examples
    --------
    >>> drawn = draw(pa.array(["a", "b"]), [[0.0, -np.inf], [0.0, 0.0]], 1.0, "2026-11-22")
    >>> drawn.propensities.round(3).tolist(), drawn.nothing.round(3).ravel().tolist()
    ([[0.5, 0.0], [0.333, 0.333]], [0.5, 0.333])
    """
    surplus = np.asarray(surplus_eur, dtype=np.float64)
    group = np.zeros(surplus.shape[-1], np.int64) if campaign is None else np.asarray(campaign, dtype=np.int64)
    _check(surplus, temperature_eur, even_share, group, len(ids))
    n, campaigns = len(surplus), int(group.max(initial=0)) + 1
    most = campaigns if contacts_left is None or not n else min(campaigns, max(int(np.max(contacts_left)), 0))
    left = np.full(n, most) if contacts_left is None else np.clip(np.asarray(contacts_left, np.int64), 0, most)
    policies = [(1.0 - even_share, surplus / temperature_eur)]
    if even_share > 0:
        policies.append((even_share, np.where(surplus > -np.inf, 0.0, -np.inf)))

    even = _unit(ids, f"even:{salt}") < even_share
    propensities = np.zeros(surplus.shape)
    chosen = np.full((n, campaigns), -1, np.int64)
    numbers = [_unit(ids, f"offer:{c}:{salt}") for c in range(campaigns)]
    for kind, (share, energy) in enumerate(policies):
        policy = _Policy.of(energy, group, campaigns, left, most)
        propensities += share * policy.marginals(energy, group)
        rows = np.flatnonzero(even) if kind else np.flatnonzero(~even)
        chosen[rows] = policy.draw(energy, group, rows, [u[rows] for u in numbers])
    within = np.zeros((n, campaigns))
    for c in range(campaigns):
        within[:, c] = propensities[:, group == c].sum(axis=1)
    nothing = np.clip(1.0 - within, 0.0, 1.0)
    at = np.maximum(chosen, 0)
    taken = np.take_along_axis(propensities, at, axis=1) if surplus.shape[1] else np.zeros((n, campaigns))
    return Exploration(chosen, np.where(chosen >= 0, taken, nothing), propensities, nothing)


@dataclass(frozen=True)
class _Policy:
    """The smoothed policy of some customers, in logarithms.

    `weight[:, c]` is the total weight of campaign c's offers; `after[c][:, j]` that of all sets of at most j offers
    from the campaigns behind c.
    """

    weight: Floats
    after: tuple[Floats, ...]
    left: Ints

    @classmethod
    def of(cls, energy: Floats, group: Ints, campaigns: int, left: Ints, most: int) -> "_Policy":
        weight = np.full((len(energy), campaigns), -np.inf)
        for column, c in enumerate(group):
            weight[:, c] = np.logaddexp(weight[:, c], energy[:, column])
        after = [np.zeros((len(energy), most + 1))]
        for c in range(campaigns - 1, 0, -1):
            after.append(_with(after[-1], weight[:, c]))
        return cls(weight, tuple(reversed(after)), left)

    def marginals(self, energy: Floats, group: Ints) -> Floats:
        """Return the probability of every column."""
        n, campaigns = self.weight.shape
        rows = np.arange(n)
        # reach[:, j]: probability of coming to campaign c with j contacts left.
        most = self.after[0].shape[1] - 1
        reach = np.zeros((n, most + 1))
        reach[rows, self.left] = 1.0
        taken = np.zeros((n, campaigns))
        for c in range(campaigns):
            take = self._take(c)
            taken[:, c] = (reach * take).sum(axis=1)
            onward = reach * (1.0 - take)
            onward[:, :-1] += (reach * take)[:, 1:]
            reach = onward
        return taken[:, group] * self._within(energy, group)

    def draw(self, energy: Floats, group: Ints, rows: Ints, numbers: list[Floats]) -> Ints:
        """Draw a column, or -1, of each campaign for some customers, by a number in [0, 1) for each campaign."""
        left = self.left[rows].copy()
        within = self._within(energy[rows], group, rows)
        chosen = np.full((len(rows), self.weight.shape[1]), -1, np.int64)
        for c, number in enumerate(numbers):
            take = self._take(c)[rows, left]
            columns = np.flatnonzero(group == c)
            ladder = np.cumsum(take[:, None] * within[:, columns], axis=1)
            place = (number[:, None] >= ladder).sum(axis=1)
            got = place < len(columns)
            chosen[got, c] = columns[place[got]]
            left -= got
        return chosen

    def _take(self, c: int) -> Floats:
        """Return the probability of an offer of campaign c, by contacts left, shape (n, most + 1)."""
        behind = self.after[c]
        take = np.zeros_like(behind)
        take[:, 1:] = np.exp(self.weight[:, [c]] + behind[:, :-1] - _with(behind, self.weight[:, c])[:, 1:])
        return np.minimum(take, 1.0)

    def _within(self, energy: Floats, group: Ints, rows: Ints | None = None) -> Floats:
        """Return the probability of each column, given that one of its campaign is taken."""
        weight = (self.weight if rows is None else self.weight[rows])[:, group]
        return np.exp(np.where(weight > -np.inf, energy - np.where(weight > -np.inf, weight, 0.0), -np.inf))


def _with(sets: Floats, weight: Floats) -> Floats:
    """Return the log weights of sets of at most j offers, once a campaign is added."""
    grown = sets.copy()
    grown[:, 1:] = np.logaddexp(sets[:, 1:], weight[:, None] + sets[:, :-1])
    return grown


def _unit(ids: pa.Array | pa.ChunkedArray, salt: str) -> Floats:
    """Return each id's number in [0, 1)."""
    return (id_numbers(ids, salt) >> np.uint64(11)).astype(np.float64) * _TO_UNIT


def _check(surplus: Floats, temperature_eur: float, even_share: float, group: Ints, n: int) -> None:
    if surplus.ndim != 2 or len(surplus) != n or group.shape != (surplus.shape[1],):
        raise BadRequest(
            f"surplus_eur has shape {surplus.shape}, campaign {group.shape}, ids {n}: give a row for each id and a "
            "campaign for each column."
        )
    if not 0 < temperature_eur < np.inf:
        raise BadRequest(f"temperature_eur == {temperature_eur}, must be > 0: the smaller, the fewer explore.")
    if not 0 <= even_share <= 1:
        raise BadRequest(f"even_share == {even_share}, must be in [0, 1].")
    wrong = ~(surplus < np.inf)
    if wrong.any():
        i, j = np.argwhere(wrong)[0]
        raise BadRequest(f"surplus_eur[{i}, {j}] == {surplus[i, j]}, must be finite, or -inf for what is not allowed.")
