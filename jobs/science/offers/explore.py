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
from jobs.science.experiment.holdout import id_numbers, in_holdout
from jobs.science.offers.problem import Bools, Floats, Ints
from jobs.science.offers.subsets import draw as draw_subset
from jobs.science.offers.subsets import subsets

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
    with probability in proportion to exp(sum of their surplus / temperature): campaigns first, then an offer of each.

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
    left = np.full(n, campaigns) if contacts_left is None else np.maximum(np.asarray(contacts_left, np.int64), 0)
    policies = [(1.0 - even_share, surplus / temperature_eur)]
    if even_share > 0:
        policies.append((even_share, np.where(surplus > -np.inf, 0.0, -np.inf)))

    even = _unit(ids, f"even:{salt}") < even_share
    reached_by = np.column_stack([_unit(ids, f"campaign:{c}:{salt}") for c in range(campaigns)])
    chosen_by = [_unit(ids, f"offer:{c}:{salt}") for c in range(campaigns)]
    propensities, chosen = np.zeros(surplus.shape), np.full((n, campaigns), -1, np.int64)
    for kind, (share, energy) in enumerate(policies):
        log_weight, inside = _compete(energy, group, campaigns)
        propensities += share * subsets(log_weight, left).chance[:, group] * inside
        rows = np.flatnonzero(even) if kind else np.flatnonzero(~even)
        reached = draw_subset(log_weight[rows], left[rows], reached_by[rows])
        for c in range(campaigns):
            columns = np.flatnonzero(group == c)
            got = np.flatnonzero(reached[:, c] & (log_weight[rows, c] > -np.inf))
            ladder = np.cumsum(inside[np.ix_(rows[got], columns)], axis=1)
            place = (chosen_by[c][rows[got], None] * ladder[:, -1:] >= ladder).sum(axis=1)
            # Rounding may leave a number just above the ladder.
            chosen[rows[got], c] = columns[np.minimum(place, len(columns) - 1)]
    within = np.column_stack([propensities[:, group == c].sum(axis=1) for c in range(campaigns)])
    nothing = np.clip(1.0 - within, 0.0, 1.0)
    at = np.maximum(chosen, 0)
    taken = np.take_along_axis(propensities, at, axis=1) if surplus.shape[1] else np.zeros((n, campaigns))
    return Exploration(chosen, np.where(chosen >= 0, taken, nothing), propensities, nothing)


def _compete(energy: Floats, group: Ints, campaigns: int) -> tuple[Floats, Floats]:
    """Return the log weight of each campaign, and each column's probability given that its campaign is taken."""
    log_weight = np.full((len(energy), campaigns), -np.inf)
    for column, c in enumerate(group):
        log_weight[:, c] = np.logaddexp(log_weight[:, c], energy[:, column])
    weight = log_weight[:, group]
    return log_weight, np.exp(energy - np.where(weight > -np.inf, weight, 0.0))


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
